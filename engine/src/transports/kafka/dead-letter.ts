/**
 * A message among the dead letters of its topic: as it came, with why, from where and when; and on its way back.
 * A topic forgets no single message. So one that was settled gets a mark: a message behind it in its partition, which names it. What is settled
 * at the beginning of a partition is deleted, marks and all.
 */
import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import { DEAD_BODY_BYTES_SHOWN } from "../../core/dead-letter-queue.ts";
import type { DeadMessage } from "../../core/dead-letter-queue.ts";
import { categoryOf } from "../broker/dead-category.ts";
import { shownHeaders } from "../broker/dead-letter-queue.ts";
import { bytesOf, placeOf, toHeaders, toReceived } from "./record.ts";
import type { KafkaMessage, KafkaRecord } from "./record.ts";

const DEAD_HEADERS = {
  reason: BROKER_HEADERS.deadReason,
  text: BROKER_HEADERS.deadMessage,
  /** Topic, partition and offset that it was read from. */
  place: "sluice-dead-place",
  /** ISO 8601. */
  at: "sluice-dead-at",
  /** How large it was, where it had to be cut. */
  bytes: "sluice-dead-bytes",
} as const;

/** Of a mark: the offset of what was settled, in the mark's own partition. */
const DEAD_SETTLED = "sluice-dead-settled";

/** Room that what we add to a dead letter takes at the most. */
const ADDED_BYTES_MAX = 1_024;
const TEXT_BYTES_MAX = 500;

export interface Death {
  readonly reason: string;
  readonly error: string;
  readonly atMs: number;
}

/**
 * A dead letter: the message as it came, with a reason. One that would be more than `bytesMax` loses its headers and the end of its value,
 * since a dead letter that cannot be written would hold up its partition for ever.
 */
export function toDeadLetter(message: KafkaMessage, death: Death, bytesMax: number): KafkaRecord {
  const ours = toHeaders({
    [DEAD_HEADERS.reason]: death.reason,
    [DEAD_HEADERS.text]: Buffer.from(death.error).subarray(0, TEXT_BYTES_MAX).toString(),
    [DEAD_HEADERS.place]: placeOf(message),
    [DEAD_HEADERS.at]: new Date(death.atMs).toISOString(),
  });
  const value = message.value ?? Buffer.alloc(0);
  const whole = { key: message.key, value, headers: new Map([...ownHeaders(message), ...ours]) };
  const bytes = bytesOf(whole);
  if (bytes <= bytesMax) return whole;
  const room = Math.max(0, bytesMax - ADDED_BYTES_MAX - TEXT_BYTES_MAX);
  const key = message.key === null || message.key.length > room / 2 ? null : message.key;
  return {
    key,
    value: value.subarray(0, room - (key?.length ?? 0)),
    headers: new Map([...ours, ...toHeaders({ [DEAD_HEADERS.bytes]: String(bytes) })]),
  };
}

/** Its headers that can be sent again. Those of dead letters are ours: whoever sends them would hide other letters, or himself. */
function ownHeaders({ headers }: KafkaMessage): [Buffer, Buffer][] {
  return headers.flatMap(([name, text]) =>
    name === null || text === null || isOfDeath(name.toString()) ? [] : [[name, text]],
  );
}

const OF_DEATH: ReadonlySet<string> = new Set([...Object.values(DEAD_HEADERS), DEAD_SETTLED]);

function isOfDeath(name: string): boolean {
  return OF_DEATH.has(name.toLowerCase());
}

/** The message that it was. */
export function toRevived(message: KafkaMessage): KafkaRecord {
  return { key: message.key, value: message.value ?? Buffer.alloc(0), headers: new Map(ownHeaders(message)) };
}

export function toMark({ partition, offset }: KafkaMessage): KafkaRecord {
  return {
    key: null,
    value: Buffer.alloc(0),
    headers: toHeaders({ [DEAD_SETTLED]: String(offset) }),
    partition,
  };
}

type Place = Pick<KafkaMessage, "partition" | "offset">;

/** What names a message within its topic. */
export function idOf({ partition, offset }: Place): string {
  return `${partition}-${offset}`;
}

/** Where that is what a mark has settled; null for a message that is no mark. */
export function settledBy(message: KafkaMessage): Place | null {
  const offset = toReceived(message).headers[DEAD_SETTLED] ?? "";
  return /^\d{1,19}$/.test(offset) ? { partition: message.partition, offset: BigInt(offset) } : null;
}

export function toDeadMessage(message: KafkaMessage): DeadMessage {
  const { headers, key, body } = toReceived(message);
  const reason = headers[DEAD_HEADERS.reason] ?? "unknown";
  return {
    id: idOf(message),
    category: categoryOf(reason),
    reason,
    error: headers[DEAD_HEADERS.text] ?? null,
    origin: originOf(headers[DEAD_HEADERS.place]),
    diedAt: headers[DEAD_HEADERS.at] ?? null,
    runId: headers[BROKER_HEADERS.runId] ?? key,
    commandId: headers[BROKER_HEADERS.commandId] ?? null,
    type: headers[BROKER_HEADERS.type] ?? null,
    headers: shownHeaders(headers, isOfDeath),
    body: Buffer.from(body.subarray(0, DEAD_BODY_BYTES_SHOWN)).toString(),
    bodyBytes: Number(headers[DEAD_HEADERS.bytes] ?? body.byteLength),
  };
}

/** Whether the end of it is lost, so that it can never go back. */
export function isCut(message: KafkaMessage): boolean {
  return toReceived(message).headers[DEAD_HEADERS.bytes] !== undefined;
}

/** The topic of a place. */
function originOf(place: string | undefined): string | null {
  return place === undefined ? null : (/^(.+):\d+:\d+$/.exec(place)?.[1] ?? null);
}
