/** A message as Kafka carries it, and as everybody else here knows it. */
import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import type { BrokerMessage, ReceivedMessage } from "@sluice/contracts/broker-message";

/** To be written. */
export interface KafkaRecord {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: ReadonlyMap<Buffer, Buffer>;
  /** @default by its key */
  readonly partition?: number;
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

export function toHeaders(headers: Readonly<Record<string, string>>): Map<Buffer, Buffer> {
  return new Map(
    Object.entries(headers).map(([name, value]) => [
      NAMES.get(name) ?? Buffer.from(name),
      Buffer.from(value),
    ]),
  );
}

/** Of the headers that every message has. */
const NAMES: ReadonlyMap<string, Buffer> = new Map(
  Object.values(BROKER_HEADERS).map((name) => [name, Buffer.from(name)]),
);

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
