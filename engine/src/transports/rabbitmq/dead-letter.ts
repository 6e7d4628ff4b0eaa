/** A message among the dead letters of its service: as it came, with why, from where and when. */
import type { MessageProperties, Options } from "amqplib";
import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import { hasCode } from "@sluice/contracts/problem";
import type { Outgoing } from "./amqp-message.ts";
import type { Delivery } from "./consumer.ts";
import type { Publisher } from "./publisher.ts";

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
/** Of the name of a header, and of a text that is a property: AMQP's short strings. */
const SHORT_TEXT_BYTES_MAX = 255;

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

/**
 * With as much of the message as AMQP can carry: what is never buried would be tried for ever.
 * @throws as `Publisher.publishOne`
 */
export async function publishDeadLetter(
  publisher: Pick<Publisher, "publishOne">,
  letter: Outgoing,
  signal: AbortSignal,
): Promise<void> {
  try {
    await publisher.publishOne(letter, signal);
  } catch (error) {
    if (!hasCode(error, "FLOW_COMMAND_REFUSED")) throw error;
    await publisher.publishOne(bare(letter), signal);
  }
}

/** Its content, and of the headers ours alone. */
function bare({ queue, content, properties }: Outgoing): Outgoing {
  const all = properties.headers as Record<string, unknown>;
  const headers = Object.fromEntries(Object.values(DEAD_HEADERS).map((name) => [name, all[name]]));
  return { queue, content, properties: { headers } };
}

/** The message that it was, on its way back to where it was read. */
export function toRevived(queue: string, content: Buffer, properties: MessageProperties): Outgoing {
  const headers = ownHeaders(properties);
  for (const name of Object.values(DEAD_HEADERS)) delete headers[name];
  return { queue, content, properties: { ...keptProperties(properties), headers } };
}

/**
 * Of the properties, what belongs to the message and can be sent again. A time to live would end it, and the name of a foreign user be
 * refused.
 */
function keptProperties(properties: MessageProperties): Options.Publish {
  const { contentType, contentEncoding, correlationId, replyTo, type, appId, timestamp } =
    properties as Options.Publish;
  const kept = { contentType, contentEncoding, correlationId, replyTo, type, appId, timestamp };
  return Object.fromEntries(
    Object.entries(kept).filter(([, value]) => value !== undefined && isShort(value)),
  );
}

/** Headers of the broker: how a message came, and (`CC`, `BCC`) where else it is to go. */
const OF_THE_BROKER = /^(?:x-(?:death|first-death|last-death|delivery-count|acquired-count)|B?CC$)/;

/** Simple values only: what else AMQP knows (tables, decimals, big numbers) no message of ours has, and not all of it can be sent again. */
function ownHeaders({ headers }: MessageProperties): Record<string, unknown> {
  const all = Object.entries((headers ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    all.filter(([name, value]) => !OF_THE_BROKER.test(name) && isShort(name) && isSimple(value)),
  );
}

/** The client reads each byte that is no UTF-8 as a character of three, so what has come may be too long to go. */
function isShort(value: unknown): boolean {
  return typeof value !== "string" || Buffer.byteLength(value) <= SHORT_TEXT_BYTES_MAX;
}

function isSimple(value: unknown): boolean {
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}
