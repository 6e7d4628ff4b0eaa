import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Admin } from "@platformatic/kafka";
import { testKafka, whyMissing } from "@sluice/host/stack-testing";
import { laneOf } from "../../core/lane.ts";
import { openPlace } from "./fixtures/place.ts";
import type { Place } from "./fixtures/place.ts";
import { until } from "../../testing/until.ts";
import { GroupConsumer } from "./group-consumer.ts";
import { resolveKafkaOptions } from "./options.ts";
import type { KafkaMessage } from "./record.ts";

/** Keys that lie in the first partition and in the second. */
const [EVEN, ODD] = [keysIn(0), keysIn(1)];

function keysIn(partition: number): readonly string[] {
  return Array.from({ length: 200 }, (_, number) => `run-${number}`).filter(
    (key) => laneOf(key, 2) === partition,
  );
}

interface Member {
  readonly consumer: GroupConsumer;
  /** What was handed over, each as often as it was. */
  readonly seen: readonly Seen[];
  stop(): Promise<void>;
}

interface Seen extends KafkaMessage {
  readonly isRedelivered: boolean;
}

interface Wishes {
  readonly partitionMessagesMax?: number;
  readonly handle?: (message: KafkaMessage, isRedelivered: boolean) => Promise<void>;
}

async function join(t: TestContext, place: Place, { handle, ...wishes }: Wishes = {}): Promise<Member> {
  const seen: Seen[] = [];
  const options = resolveKafkaOptions({ ...place.engine, ...wishes }, place.eventsTopic);
  const consumer = new GroupConsumer(options, place.eventsTopic, {
    async handle(message, { isRedelivered }) {
      seen.push({ ...message, isRedelivered });
      await handle?.(message, isRedelivered);
    },
  });
  const stop = () => consumer.stop(AbortSignal.timeout(5_000));
  t.after(stop);
  await consumer.start();
  return { consumer, seen, stop };
}

async function openTopic(t: TestContext): Promise<Place> {
  return openPlace(t, (await testKafka(t)).address);
}

function write(place: Place, keys: readonly string[], bodies: readonly string[]): Promise<void> {
  const messages = bodies.map((body, number) => ({
    key: keys[number % keys.length] ?? "",
    headers: {},
    body: Buffer.from(body),
  }));
  return place.inject(place.eventsTopic, messages);
}

function numbers(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, number) => String(from + number));
}

const textOf = ({ value }: KafkaMessage): string => String(value);

describe("A member of a group that reads Kafka", { skip: await whyMissing("kafka") }, () => {
  it("loses nothing while others join and leave in the middle of the work", async (t) => {
    const place = await openTopic(t);
    const keys = [...EVEN.slice(0, 20), ...ODD.slice(0, 20)];
    const slow = { handle: () => wait(1) };
    const first = await join(t, place, slow);
    await write(place, keys, numbers(0, 1_000));
    await until("the first has some", () => first.seen.length > 100);
    const second = await join(t, place, slow);
    await write(place, keys, numbers(1_000, 1_000));
    await until("both have some", () => second.seen.length > 100);
    await first.stop();
    await write(place, keys, numbers(2_000, 1_000));
    const all = () => new Set([...first.seen, ...second.seen].map(textOf));
    await until("every message was handed over", () => all().size === 3_000);
    for (const { seen } of [first, second]) assertOrder(seen);
    assert.equal(second.consumer.health(), true);
  });

  it("does not read a partition that is full, and goes on with the others", async (t) => {
    const place = await openTopic(t);
    const gate = Promise.withResolvers<void>();
    const blocked = String(EVEN[0]);
    const { seen } = await join(t, place, {
      partitionMessagesMax: 5,
      handle: ({ key }) => (String(key) === blocked ? gate.promise : Promise.resolve()),
    });
    await write(place, EVEN.slice(0, 40), numbers(0, 40));
    await write(place, ODD.slice(0, 40), numbers(100, 400));
    const of = (partition: number) => seen.filter((message) => message.partition === partition).length;
    await until("the other partition is done", () => of(1) === 400);
    assert.equal(of(0), 5);
    gate.resolve();
    await until("all are done", () => of(0) === 40);
  });

  it("commits nothing behind a message that is not done, so that it comes again, and says that it may be a repeat", async (t) => {
    const place = await openTopic(t);
    const never = new Promise<void>(() => {});
    const first = await join(t, place, {
      handle: ({ value }) => (String(value) === "2" ? never : Promise.resolve()),
    });
    await write(place, EVEN.slice(0, 6), numbers(0, 6));
    await until("all are handed over", () => first.seen.length === 6);
    await first.consumer.stop(AbortSignal.abort());
    const repeats: string[] = [];
    const second = await join(t, place, {
      handle: async (message, isRedelivered) => void (isRedelivered && repeats.push(textOf(message))),
    });
    await write(place, EVEN.slice(0, 1), ["new"]);
    await until("the new one has come", () => second.seen.length >= 5);
    assert.deepEqual(second.seen.map(textOf), ["2", "3", "4", "5", "new"]);
    assert.deepEqual(repeats, ["2", "3", "4", "5"]);
  });

  it("hands a message over again that has to be kept, before those behind it of its key", async (t) => {
    const place = await openTopic(t);
    let isAway = true;
    const { seen } = await join(t, place, {
      handle: async ({ value }) => {
        if (String(value) === "0" && isAway) throw new Error("not now");
      },
    });
    await write(place, EVEN.slice(0, 1), ["0", "1", "2"]);
    await write(place, ODD.slice(0, 1), ["other"]);
    await until("it has come twice", () => seen.filter((message) => textOf(message) === "0").length >= 2);
    assert.ok(!seen.some((message) => ["1", "2"].includes(textOf(message))));
    isAway = false;
    await until("all have come", () => seen.some((message) => textOf(message) === "2"));
    assert.deepEqual(
      [...new Set(seen.map(textOf))].filter((text) => text !== "other"),
      ["0", "1", "2"],
    );
  });

  it("goes on behind a gap when what it had not read is not stored any more", async (t) => {
    const place = await openTopic(t);
    const first = await join(t, place);
    await write(place, EVEN.slice(0, 1), ["0"]);
    await until("the first has come", () => first.seen.length === 1);
    await first.stop();
    await write(place, EVEN.slice(0, 1), numbers(1, 9));
    const admin = new Admin({ clientId: "witness", bootstrapBrokers: [...place.engine.brokers] });
    await admin.deleteRecords({
      topics: [{ name: place.eventsTopic, partitions: [{ partition: 0, offset: 8n }] }],
    });
    await admin.close();
    const second = await join(t, place);
    await until("what is left has come", () => second.seen.length === 2);
    assert.deepEqual(second.seen.map(textOf), ["8", "9"]);
  });
});

/** Of one member the messages of a key come in their order; one that loses a partition and gets it again is told what may be a repeat. */
function assertOrder(seen: readonly Seen[]): void {
  const last = new Map<string, bigint>();
  for (const { key, offset, isRedelivered } of seen) {
    const name = String(key);
    const before = last.get(name) ?? -1n;
    assert.ok(offset > before || isRedelivered, `${name}: ${offset} behind ${before}`);
    last.set(name, offset);
  }
}
