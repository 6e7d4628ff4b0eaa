/** A message as Kafka carries it, and as everybody else here knows it. */
import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import type { BrokerMessage, ReceivedMessage } from "@sluice/contracts/broker-message";

/** To be written. */
export interface KafkaRecord {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: ReadonlyMap<Buffer, Buffer>;
}

/** As it was read. */
export interface KafkaMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: Buffer | null, value: Buffer | null])[];
}

export function toRecord({ key, headers, body }: BrokerMessage): KafkaRecord {
  return { key: Buffer.from(key), value: Buffer.from(body), headers: toHeaders(headers) };
}

function toHeaders(headers: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  return new Map(Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]));
}

/** What a record's frame takes at the most, beside its parts, and the same for each header. */
const FRAME_BYTES = 48;
const HEADER_FRAME_BYTES = 10;

/** How large a record is in a batch, at the most. */
export function bytesOf({ key, value, headers }: KafkaRecord): number {
  let bytes = FRAME_BYTES + (key?.length ?? 0) + value.length;
  for (const [name, text] of headers) bytes += HEADER_FRAME_BYTES + name.length + text.length;
  return bytes;
}

export function toReceived({ key, value, headers }: KafkaMessage): ReceivedMessage {
  const texts: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, text] of headers) {
    if (name !== null && text !== null) texts[name.toString().toLowerCase()] = text.toString();
  }
  return { key: key?.toString() ?? null, headers: texts, body: value ?? NOTHING };
}

const NOTHING = new Uint8Array();

/** What names a place in Kafka for good. */
export function placeOf({ topic, partition, offset }: KafkaMessage): string {
  return `${topic}:${partition}:${offset}`;
}

/** Beside the reason: where a dead letter stood, and how large it was if it had to be cut. */
const DEAD_PLACE = "sluice-dead-place";
const DEAD_BYTES = "sluice-dead-bytes";

/** Room that what we add to a dead letter takes at the most. */
const ADDED_BYTES_MAX = 1_024;
const DEAD_MESSAGE_CHARS_MAX = 500;

/**
 * A dead letter: the message as it came, with a reason. One that would be more than `bytesMax` loses its headers and the end of its value,
 * since a dead letter that cannot be written would hold up its partition for ever.
 */
export function toDeadLetter(
  message: KafkaMessage,
  why: { readonly reason: string; readonly error: string },
  bytesMax: number,
): KafkaRecord {
  const ours = toHeaders({
    [BROKER_HEADERS.deadReason]: why.reason,
    [BROKER_HEADERS.deadMessage]: why.error.slice(0, DEAD_MESSAGE_CHARS_MAX),
    [DEAD_PLACE]: placeOf(message),
  });
  const theirs = new Map(
    message.headers.flatMap(([name, text]) =>
      name === null || text === null ? [] : [[name, text] as const],
    ),
  );
  const value = message.value ?? Buffer.alloc(0);
  const whole = { key: message.key, value, headers: new Map([...theirs, ...ours]) };
  if (bytesOf(whole) <= bytesMax) return whole;
  const bytes = bytesOf(whole);
  const room = Math.max(0, bytesMax - ADDED_BYTES_MAX - DEAD_MESSAGE_CHARS_MAX);
  const key = message.key === null || message.key.length > room / 2 ? null : message.key;
  return {
    key,
    value: value.subarray(0, room - (key?.length ?? 0)),
    headers: new Map([...ours, ...toHeaders({ [DEAD_BYTES]: String(bytes) })]),
  };
}
