/** A message among the dead letters of its service: as it came, with why, from where and when. */
import type { MessageProperties, Options } from "amqplib";
import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import type { Outgoing } from "./amqp-message.ts";
import type { Delivery } from "./consumer.ts";

/** Headers of a dead letter, beside its reason and the text about it. */
export const DEAD_HEADERS = {
  reason: BROKER_HEADERS.deadReason,
  text: BROKER_HEADERS.deadMessage,
  /** The queue that it was read from, and goes back to. */
  queue: "sluice-dead-queue",
  /** ISO 8601. */
  at: "sluice-dead-at",
} as const;

export interface Death {
  /** Of a closed set: dead letters are counted and found by it. */
  readonly reason: string;
  /** For people. */
  readonly error: string;
}

const TEXT_CHARS_MAX = 1_000;
/** All headers have to fit into 64 KiB together. */
const HEADER_BYTES_MAX = 32_768;

export function toDeadLetter(deadLetters: string, delivery: Delivery, { reason, error }: Death): Outgoing {
  const { content, properties } = delivery.message;
  const headers = ownHeaders(properties);
  const fits = Buffer.byteLength(JSON.stringify(headers)) <= HEADER_BYTES_MAX;
  return {
    queue: deadLetters,
    content,
    properties: {
      ...keptProperties(properties),
      headers: {
        // Whoever sends more than fits beside ours has sent no message of ours.
        ...(fits ? headers : {}),
        [DEAD_HEADERS.reason]: reason,
        [DEAD_HEADERS.text]: error.slice(0, TEXT_CHARS_MAX),
        [DEAD_HEADERS.queue]: delivery.queue,
        [DEAD_HEADERS.at]: new Date().toISOString(),
      },
    },
  };
}

/** The message that it was, on its way back to where it was read. */
export function toRevived(queue: string, content: Buffer, properties: MessageProperties): Outgoing {
  const headers = ownHeaders(properties);
  for (const name of Object.values(DEAD_HEADERS)) delete headers[name];
  return { queue, content, properties: { ...keptProperties(properties), headers } };
}

/** Of the properties, what belongs to the message. A time to live would end it, and the name of a foreign user be refused. */
function keptProperties(properties: MessageProperties): Options.Publish {
  const { contentType, contentEncoding, correlationId, replyTo, type, appId, timestamp } =
    properties as Options.Publish;
  const kept = { contentType, contentEncoding, correlationId, replyTo, type, appId, timestamp };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

/** Headers of the broker: how a message came, and (`CC`, `BCC`) where else it is to go. */
const OF_THE_BROKER = /^(?:x-(?:death|first-death|last-death|delivery-count|acquired-count)|B?CC$)/;

/** Simple values only: what else AMQP knows (tables, decimals, big numbers) no message of ours has, and not all of it can be sent again. */
function ownHeaders({ headers }: MessageProperties): Record<string, unknown> {
  const all = Object.entries((headers ?? {}) as Record<string, unknown>);
  return Object.fromEntries(all.filter(([name, value]) => !OF_THE_BROKER.test(name) && isSimple(value)));
}

function isSimple(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}
