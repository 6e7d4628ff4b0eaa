/**
 * The dead letters of a topic of Kafka, to be looked at and brought back.
 * Two that settle at once may both send a message back, which is harmless; marks are only ever added.
 */
import { Admin } from "@platformatic/kafka";
import type { DeadLetterQueue } from "../../core/dead-letter-queue.ts";
import { deadLetterQueue, noWayBack } from "../broker/dead-letter-queue.ts";
import type { HeldMessage, Look, Looked, Purpose } from "../broker/dead-letter-queue.ts";
import { waitAtMost } from "../broker/waits.ts";
import { clientSettings } from "./client-settings.ts";
import { idOf, isCut, settledBy, toDeadMessage, toMark, toRevived } from "./dead-letter.ts";
import { faultOf } from "./kafka-fault.ts";
import { kafkaName, resolveKafkaOptions } from "./options.ts";
import type { KafkaOptions, ResolvedKafkaOptions } from "./options.ts";
import type { KafkaMessage } from "./record.ts";
import { Sender } from "./sender.ts";
import { TopicScan } from "./topic-scan.ts";

export interface KafkaDeadLettersOptions extends Pick<
  KafkaOptions,
  "brokers" | "clientId" | "tls" | "sasl" | "attemptMs" | "messageBytesMax" | "log"
> {
  /** Where they are: by default a topic's name with `.dead-letters` behind it. */
  readonly deadLettersTopic: string;
}

const DELETE_MS = 5_000;
const CLOSE_MS = 1_000;

/**
 * The dead letters of a topic. Connects for each call.
 * @throws FLOW_BAD_OPTION (invalid)
 * @see docs/decisions/0022-kafka.md
 */
export function kafkaDeadLetters(options: KafkaDeadLettersOptions): DeadLetterQueue {
  const topic = kafkaName("deadLettersTopic", options.deadLettersTopic);
  // It writes to wherever a message came from, and joins no group.
  return deadLettersOf(resolveKafkaOptions({ ...options, eventsTopic: topic, groupId: topic }, topic), topic);
}

/** The same for a side that knows its options already. */
export function deadLettersOf(options: ResolvedKafkaOptions, topic: string): DeadLetterQueue {
  const count = (): Promise<number> =>
    withScan(options, topic, async (scan) => (await settledOf(scan)).remaining);
  return deadLetterQueue({
    name: topic,
    broker: `Kafka at ${options.brokers.join(", ")}`,
    count,
    lookThrough: (purpose, look) =>
      withScan(options, topic, (scan) => lookThrough(options, scan, purpose, look)),
  });
}

async function withScan<T>(
  options: ResolvedKafkaOptions,
  topic: string,
  work: (scan: TopicScan) => Promise<T>,
): Promise<T> {
  const scan = new TopicScan(options, topic);
  try {
    await scan.open();
    return await work(scan);
  } finally {
    await scan.close();
  }
}

interface Settled {
  readonly ids: Set<string>;
  /** Messages that are not settled. */
  readonly remaining: number;
  readonly isWhole: boolean;
}

/** A mark stands behind what it settles, so all have to be found before the first message is looked at. */
async function settledOf(scan: TopicScan): Promise<Settled> {
  const begins = new Map(scan.stretches.map(({ partition, begin }) => [partition, begin]));
  const ids = new Set<string>();
  let letters = 0;
  const isWhole = await scan.through((message) => {
    const settled = settledBy(message);
    if (settled === null) letters++;
    // What it settled may be deleted already.
    else if (settled.offset >= (begins.get(settled.partition) ?? 0n)) ids.add(idOf(settled));
    return "next";
  });
  return { ids, remaining: letters - ids.size, isWhole };
}

async function lookThrough(
  options: ResolvedKafkaOptions,
  scan: TopicScan,
  purpose: Purpose,
  look: Look,
): Promise<Looked> {
  const settled = await settledOf(scan);
  const sender = new Sender(options);
  try {
    const isRead = await scan.through(async (message) => {
      if (settled.ids.has(idOf(message)) || settledBy(message) !== null) return "next";
      return look(toHeld(message, sender, settled.ids));
    });
    if (purpose !== "list") await forget(options, scan, settled.ids);
    return { total: settled.remaining, isWhole: settled.isWhole && isRead };
  } finally {
    await sender.close();
  }
}

function toHeld(message: KafkaMessage, sender: Sender, settled: Set<string>): HeldMessage {
  const dead = toDeadMessage(message);
  const mark = async (): Promise<void> => {
    await sender.send(message.topic, toMark(message));
    settled.add(dead.id);
  };
  return {
    message: dead,
    discard: mark,
    async redrive() {
      if (dead.origin === null) throw noWayBack("the topic it came from is not known");
      if (isCut(message)) throw noWayBack(`it was cut: of its ${dead.bodyBytes} bytes the end is lost`);
      await sender.send(dead.origin, toRevived(message));
      await mark();
    },
  };
}

/** What is settled from the beginning of a partition on is deleted, where we may: the marks do without it. */
async function forget(
  options: ResolvedKafkaOptions,
  scan: TopicScan,
  settled: ReadonlySet<string>,
): Promise<void> {
  const ends = await settledEnds(scan, settled);
  const partitions = scan.stretches.flatMap(({ partition, begin }) => {
    const offset = ends.get(partition) ?? begin;
    return offset > begin ? [{ partition, offset }] : [];
  });
  if (partitions.length === 0) return;
  const admin = new Admin(clientSettings(options, DELETE_MS));
  try {
    await admin.deleteRecords({ topics: [{ name: scan.topic, partitions }] });
  } catch (error) {
    options.log.debug(
      { topic: scan.topic, found: faultOf(error).found },
      "dead letters that are settled stay in their topic",
    );
  } finally {
    await waitAtMost(CLOSE_MS, admin.close());
  }
}

/** Of each partition the first message that is not settled yet. */
async function settledEnds(
  scan: TopicScan,
  settled: ReadonlySet<string>,
): Promise<ReadonlyMap<number, bigint>> {
  const ends = new Map<number, bigint>();
  const stuck = new Set<number>();
  await scan.through((message) => {
    const { partition, offset } = message;
    const isSettled = settledBy(message) !== null || settled.has(idOf(message));
    if (!isSettled) stuck.add(partition);
    else if (!stuck.has(partition)) ends.set(partition, offset + 1n);
    // A topic of ours has one partition.
    return stuck.size === scan.stretches.length ? "end" : "next";
  });
  return ends;
}
