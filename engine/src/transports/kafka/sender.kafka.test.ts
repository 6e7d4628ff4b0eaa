import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { Admin } from "@platformatic/kafka";
import { hasCode } from "@sluice/contracts/problem";
import { testKafka, whyMissing } from "@sluice/host/stack-testing";
import { laneOf } from "../../core/lane.ts";
import { openPlace } from "./fixtures/place.ts";
import { resolveKafkaOptions } from "./options.ts";
import { toRecord } from "./record.ts";
import { Sender } from "./sender.ts";

function recordOf(key: string, bytes: number) {
  return toRecord({ key, headers: {}, body: "x".repeat(bytes) });
}

async function openSender(t: TestContext, wishes: { readonly attemptMs?: number } = {}) {
  const place = await openPlace(t, (await testKafka(t)).address);
  const options = resolveKafkaOptions({ ...place.engine, ...wishes }, place.eventsTopic);
  const sender = new Sender(options);
  t.after(() => sender.close());
  return { place, sender, options };
}

/** Resolves to the code of each that was refused, to "" of the others. */
async function codesOf(sent: readonly Promise<void>[]): Promise<string[]> {
  const settled = await Promise.allSettled(sent);
  return settled.map((each) => (each.status === "rejected" ? (each.reason as { code: string }).code : ""));
}

describe("The sender to Kafka", { skip: await whyMissing("kafka") }, () => {
  it("writes each message once, those of a key in order, in the partition that is its lane", async (t) => {
    const { place, sender } = await openSender(t);
    const keys = Array.from({ length: 40 }, () => randomUUID());
    const sent = Array.from({ length: 2_000 }, (_, number) =>
      sender.send(
        place.eventsTopic,
        toRecord({ key: keys[number % 40] ?? "", headers: { number: String(number) }, body: "{}" }),
      ),
    );
    await Promise.all(sent);
    const messages = await place.read(place.eventsTopic);
    assert.equal(messages.length, 2_000);
    const last = new Map<string, number>();
    for (const { key, partition, headers } of messages) {
      const name = String(key);
      const number = Number(headers[0]?.[1]);
      assert.equal(partition, laneOf(name, 2));
      assert.ok(number > (last.get(name) ?? -1), "the order of a key");
      last.set(name, number);
    }
  });

  it("refuses a message that is too large by itself, and sends the others", async (t) => {
    const { place, sender, options } = await openSender(t);
    const codes = await codesOf([
      sender.send(place.eventsTopic, recordOf("a", 10)),
      sender.send(place.eventsTopic, recordOf("b", options.messageBytesMax)),
      sender.send(place.eventsTopic, recordOf("c", 10)),
    ]);
    assert.deepEqual(codes, ["", "FLOW_COMMAND_REFUSED", ""]);
    assert.equal((await place.read(place.eventsTopic)).length, 2);
  });

  it("finds by halving what is too large for a topic that takes less than we thought", async (t) => {
    const { place, sender, options } = await openSender(t);
    const topic = `small-${randomUUID()}`;
    const admin = new Admin({
      clientId: "witness",
      bootstrapBrokers: [...options.brokers],
      retries: 20,
      retryDelay: 50,
    });
    await admin.createTopics({
      topics: [topic],
      partitions: 1,
      configs: [{ name: "max.message.bytes", value: "4000" }],
    });
    await admin.metadata({ topics: [topic] });
    await admin.close();
    const sizes = Array.from({ length: 20 }, (_, number) => (number === 7 ? 5_000 : 500));
    const codes = await codesOf(
      sizes.map((bytes, number) => sender.send(topic, recordOf(String(number), bytes))),
    );
    assert.deepEqual(
      codes,
      sizes.map((bytes) => (bytes === 500 ? "" : "FLOW_COMMAND_REFUSED")),
    );
    const keys = (await place.read(topic)).map(({ key }) => String(key));
    assert.deepEqual(
      keys.toSorted((a, b) => Number(a) - Number(b)),
      sizes.flatMap((bytes, number) => (bytes === 500 ? [String(number)] : [])),
    );
  });

  it("refuses messages to a topic that is not there at once, and holds nobody else's up", async (t) => {
    const { place, sender } = await openSender(t);
    const beganMs = performance.now();
    const [lost, good] = await Promise.allSettled([
      sender.send(`missing-${randomUUID()}`, recordOf("a", 10)),
      sender.send(place.eventsTopic, recordOf("a", 10)),
    ]);
    assert.equal(good.status, "fulfilled");
    assert.ok(lost.status === "rejected" && hasCode(lost.reason, "FLOW_COMMAND_UNREACHABLE"));
    assert.match(String(lost.reason), /there is no such topic/);
    assert.ok(performance.now() - beganMs < 5_000, "long before attemptMs is over");
  });

  it("settles what is under way when it is closed, and takes nothing more", async (t) => {
    const { place, sender } = await openSender(t);
    const sent = Array.from({ length: 100 }, () => sender.send(place.eventsTopic, recordOf("a", 10)));
    const settled = codesOf(sent);
    await sender.close();
    assert.equal((await settled).length, 100);
    assert.deepEqual(await codesOf([sender.send(place.eventsTopic, recordOf("a", 10))]), ["FLOW_STOPPING"]);
  });
});
