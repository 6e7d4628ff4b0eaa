import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { Admin, consumerGroupChannel } from "@platformatic/kafka";
import { testKafka, whyMissing } from "@sluice/host/stack-testing";
import { openPlace } from "./fixtures/place.ts";
import type { Place } from "./fixtures/place.ts";
import { until } from "../../testing/until.ts";
import { GroupConsumer } from "./group-consumer.ts";
import { resolveKafkaOptions } from "./options.ts";

const MEMBER = fileURLToPath(new URL("fixtures/member-process.ts", import.meta.url));
/** Long: nobody notices by a heartbeat, within the test, what a commit is to notice. */
const SESSION_MS = 60_000;
/** Both partitions have some of them. */
const KEYS = Array.from({ length: 20 }, (_, number) => `run-${number}`);

interface Member {
  /** What it was handed, as often as it was. */
  readonly seen: readonly string[];
}

function spawnMember(
  t: TestContext,
  { engine, eventsTopic }: Place,
): Member & { readonly child: ChildProcess } {
  const child = spawn(process.execPath, [MEMBER, JSON.stringify({ options: engine, topic: eventsTopic })], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const seen: string[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    seen.push(...lines);
  });
  return { child, seen };
}

async function joinHere(
  t: TestContext,
  { engine, eventsTopic }: Place,
  wishes: { readonly sessionMs?: number } = {},
): Promise<Member & { readonly consumer: GroupConsumer }> {
  const seen: string[] = [];
  const options = resolveKafkaOptions({ ...engine, ...wishes }, eventsTopic);
  const consumer = new GroupConsumer(options, eventsTopic, {
    handle: async ({ value }) => void seen.push(String(value)),
  });
  t.after(() => consumer.stop(AbortSignal.timeout(5_000)));
  await consumer.start();
  return { consumer, seen };
}

/** The group as the broker knows it. */
function openGroup(t: TestContext, { engine: { brokers, groupId } }: Place) {
  const client = { clientId: "witness", bootstrapBrokers: [...brokers], retries: 20, retryDelay: 200 };
  const admin = new Admin(client);
  t.after(() => admin.close());
  return {
    forgetMembers: () => admin.removeMembersFromConsumerGroup({ groupId, members: null }),
    async committed(): Promise<number> {
      const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] });
      const partitions = (group?.topics ?? []).flatMap((topic) => topic.partitions);
      return partitions.reduce((sum, { committedOffset }) => sum + Math.max(0, Number(committedOffset)), 0);
    },
  };
}

/** Runs it when a client in this process begins to join a group, before a byte of that is written. */
function atNextJoin(t: TestContext, act: () => Promise<unknown>): { readonly done: () => boolean } {
  let isDone = false;
  const channel = consumerGroupChannel.start;
  const begun = (context: unknown): void => {
    if ((context as { operation: string }).operation !== "joinGroup") return;
    channel.unsubscribe(begun);
    void act().then(() => {
      isDone = true;
    });
  };
  channel.subscribe(begun);
  t.after(() => channel.unsubscribe(begun));
  return { done: () => isDone };
}

describe("Members of a group that reads Kafka", { skip: await whyMissing("kafka"), timeout: 180_000 }, () => {
  it("lose nothing when one is frozen past its session and wakes, or is killed", async (t) => {
    const place = await openPlace(t, (await testKafka(t)).address);
    let written = 0;
    const write = (count: number) => {
      const messages = Array.from({ length: count }, (_, number) => ({
        key: KEYS[number % KEYS.length] ?? "",
        headers: {},
        body: Buffer.from(`m${written + number}`),
      }));
      written += count;
      return place.inject(place.eventsTopic, messages);
    };
    const here = await joinHere(t, place);
    const there = spawnMember(t, place);
    await until("the other has joined", () => there.seen.includes("joined"));
    const all = () => new Set([...here.seen, ...there.seen.filter((line) => line !== "joined")]).size;

    await write(200);
    await until("both have a part of it", () => all() === written && there.seen.length > 50);
    there.child.kill("SIGSTOP");
    await write(200);
    await until("its part comes to the one that lives", () => all() === written);
    there.child.kill("SIGCONT");
    const before = there.seen.length;
    await until("it has a part again", async () => {
      await write(20);
      return there.seen.length > before + 50;
    });
    await until("nothing is missing", () => all() === written);
    there.child.kill("SIGKILL");
    await write(200);
    await until("all comes to the one that is left", () => all() === written);
    assert.ok(here.seen.length >= 200);
  });

  it("are members again, and commit, after the broker died while one joined from within a commit", async (t) => {
    const broker = await testKafka(t, { own: true });
    const place = await openPlace(t, broker.address);
    const group = openGroup(t, place);
    const { consumer, seen } = await joinHere(t, place, { sessionMs: SESSION_MS });
    const write = () =>
      place.inject(place.eventsTopic, [{ key: "any", headers: {}, body: Buffer.from("m") }]);
    await write();
    await until("it has committed", async () => (await group.committed()) === 1);
    const dead = atNextJoin(t, () => broker.kill("SIGKILL"));
    await group.forgetMembers();
    await write();
    await until("its commit has made it join, and the broker is dead", dead.done);
    await until("it says that nothing is read", () => consumer.health() !== true);
    await broker.start();
    await until("it has committed again", async () => (await group.committed()) === 2);
    assert.ok(seen.length >= 2);
    await until("it is well again", () => consumer.health() === true);
  });
});
