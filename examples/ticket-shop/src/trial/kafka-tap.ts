/**
 * A tap on topics of Kafka: every message with the place where it lies. A group of its own reads them from their beginning and copies each into a
 * topic of dead letters, whose letters say where they stood; a second one reads the copies. So it goes through the doors that any service has.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import { kafkaCommands } from "@sluice/engine/kafka";
import type { CommandDelivery, CommandSource } from "@sluice/engine/participant";
import type { TappedRecord } from "./evidence.ts";

export interface TapOptions {
  readonly brokers: readonly string[];
  /** Topics of commands, and that of the replies. */
  readonly commandTopics: readonly string[];
  readonly eventsTopic: string;
  /** Whether all that is waited for has been seen. */
  readonly isComplete: (records: readonly TappedRecord[]) => boolean;
  /** How long it may take. */
  readonly boundMs: number;
}

const LOOK_EVERY_MS = 500;
/** `topic:partition:offset`, as a dead letter says it. */
const PLACE_HEADER = "sluice-dead-place";

/** What was seen until it was complete, or the time was up: each message once. */
export async function tapTopics({
  brokers,
  commandTopics,
  eventsTopic,
  isComplete,
  boundMs,
}: TapOptions): Promise<readonly TappedRecord[]> {
  const name = `shop.tap.${randomUUID()}`;
  const reader = { brokers, groupId: name, eventsTopic, partitions: 1 };
  const taps = [...commandTopics, eventsTopic].map((commandsTopic) =>
    kafkaCommands({ ...reader, groupId: `${name}.${commandsTopic}`, commandsTopic, deadLettersTopic: name }),
  );
  const copies = kafkaCommands({ ...reader, commandsTopic: name });
  const seen = new Map<string, TappedRecord>();
  const started: CommandSource[] = [];
  try {
    for (const tap of taps) {
      started.push(tap);
      await tap.start(async () => ({ type: "dead", reason: "tapped", error: "a copy" }));
    }
    started.push(copies);
    await copies.start(async (delivery) => {
      const record = toRecord(delivery, eventsTopic);
      if (record !== null) seen.set(`${record.topic}:${record.partition}:${record.offset}`, record);
      return { type: "none" };
    });
    const untilMs = performance.now() + boundMs;
    while (!isComplete([...seen.values()]) && performance.now() < untilMs) await sleep(LOOK_EVERY_MS);
    return [...seen.values()];
  } finally {
    await Promise.all(started.map((source) => source.stop()));
  }
}

function toRecord({ key, headers }: CommandDelivery, eventsTopic: string): TappedRecord | null {
  const [topic, partition, offset] = headers[PLACE_HEADER]?.split(":") ?? [];
  const runId = key ?? headers[BROKER_HEADERS.runId];
  if (topic === undefined || offset === undefined || runId === undefined) return null;
  const commandId = headers[BROKER_HEADERS.commandId] ?? null;
  return { topic, partition: Number(partition), offset, runId, commandId, isReply: topic === eventsTopic };
}
