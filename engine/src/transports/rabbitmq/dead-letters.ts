/**
 * The dead letters of a service over RabbitMQ, to be looked at and brought back.
 * What is looked at is taken from the queue and goes back with the end of the connection: while one looks, another sees what is left.
 * What goes back stands before what was never taken, and behind what went back earlier. Every look therefore takes as much as any other, even
 * when it knows enough: else the letters it took would end up behind those that it left. So they do when a connection breaks in the middle.
 */
import { createHash } from "node:crypto";
import type { Channel, ChannelModel, GetMessage, MessageProperties } from "amqplib";
import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import { DEAD_BODY_BYTES_SHOWN } from "../../core/dead-letter-queue.ts";
import type { DeadLetterQueue, DeadMessage } from "../../core/dead-letter-queue.ts";
import { engineError } from "../../core/errors.ts";
import { categoryOf } from "../broker/dead-category.ts";
import { deadLetterQueue, noWayBack, shownHeaders } from "../broker/dead-letter-queue.ts";
import type { Look, Looked, Purpose } from "../broker/dead-letter-queue.ts";
import { textHeaders } from "./amqp-message.ts";
import { DEAD_HEADERS, toRevived } from "./dead-letter.ts";
import { deathOf } from "./death-of.ts";
import { Link } from "./link.ts";
import type { Lose } from "./link.ts";
import { resolveCommandsOptions } from "./options.ts";
import type { RabbitmqOptions, ResolvedRabbitmqOptions } from "./options.ts";
import { Publisher } from "./publisher.ts";
import { brokerError } from "./rabbitmq-fault.ts";
import { watchChannel } from "./watch-channel.ts";

export type RabbitmqDeadLettersOptions = Pick<
  RabbitmqOptions,
  "url" | "service" | "tls" | "attemptMs" | "connectMs" | "log"
>;

/** All that one call looks at, since a queue has no index; some seconds. */
const LOOKS_MAX = 10_000;
/** How long a connection is tried for: whoever asks, waits. */
const CONNECT_MS = 2_000;

/**
 * The dead letters of `<service>.dead-letters`: of the service's commands, and of what it said to runs. Connects for each call.
 * @throws FLOW_BAD_OPTION (invalid)
 * @see docs/decisions/0023-rabbitmq.md
 */
export function rabbitmqDeadLetters(given: RabbitmqDeadLettersOptions): DeadLetterQueue {
  const { connectMs = CONNECT_MS } = given;
  const options = resolveCommandsOptions({ ...given, connectMs, queues: "check" });
  return deadLetterQueue({
    name: options.names.deadLetters,
    broker: `RabbitMQ at ${options.address.shown}`,
    count: () => withQueue(options, async ({ total }) => total),
    lookThrough: (purpose, look) => lookFor(options, purpose, look),
  });
}

async function lookFor(options: ResolvedRabbitmqOptions, purpose: Purpose, look: Look): Promise<Looked> {
  const publisher = new Publisher(options, `sluice: redrive of ${options.service}`, []);
  if (purpose === "redrive") await publisher.open();
  try {
    return await lookThrough(options, (held, channel) => {
      const message = toLetter(held);
      const gone = async (): Promise<void> => channel.ack(held);
      return look({
        message,
        discard: gone,
        async redrive() {
          if (message.origin === null) throw noWayBack("the queue it came from is not known");
          await publisher.publishOne(toRevived(message.origin, held.content, held.properties), NEVER);
          await gone();
        },
      });
    });
  } finally {
    await publisher.close();
  }
}

/** `attemptMs` bounds every try. */
const NEVER = new AbortController().signal;

/** Gets one after the other; those that are not acknowledged go back with the end of the connection. */
function lookThrough(
  options: ResolvedRabbitmqOptions,
  look: (held: GetMessage, channel: Channel) => ReturnType<Look>,
): Promise<Looked> {
  return withQueue(options, async ({ channel, total }) => {
    let looked = 0;
    let isOver = false;
    for (let taken = 0; taken < Math.min(total, LOOKS_MAX); taken++) {
      const message = await next(channel, options);
      if (message === false) break;
      if (isOver) continue;
      looked++;
      isOver = (await look(message, channel)) === "end";
    }
    return { total, isWhole: looked >= total };
  });
}

interface OpenQueue {
  readonly channel: Channel;
  /** Messages in the queue. */
  readonly total: number;
}

async function withQueue<T>(
  options: ResolvedRabbitmqOptions,
  work: (queue: OpenQueue) => Promise<T>,
): Promise<T> {
  const link = new Link({
    ...options,
    name: `sluice: dead letters of ${options.service}`,
    setUp: openQueue(options.names.deadLetters),
  });
  await link.open();
  try {
    const session = link.session;
    if (session === null) throw engineError("FLOW_BROKER_UNAVAILABLE", String(link.health()));
    return await work(session);
  } finally {
    await link.close();
  }
}

async function next(
  channel: Channel,
  { names, address }: ResolvedRabbitmqOptions,
): Promise<GetMessage | false> {
  try {
    return await channel.get(names.deadLetters);
  } catch (error) {
    throw brokerError(`message of queue ${names.deadLetters}`, address, error);
  }
}

function openQueue(queue: string) {
  return async (connection: ChannelModel, lose: Lose): Promise<OpenQueue> => {
    const channel = await connection.createChannel();
    watchChannel(channel, lose);
    return { channel, total: (await channel.checkQueue(queue)).messageCount };
  };
}

function toLetter({ content, properties }: GetMessage): DeadMessage {
  const headers = textHeaders(properties);
  const { reason, error, queue: origin, diedAt } = deathOf(properties);
  return {
    id: idOf(content, properties),
    category: categoryOf(reason),
    reason,
    error,
    origin,
    diedAt,
    runId: headers[BROKER_HEADERS.runId] ?? null,
    commandId: headers[BROKER_HEADERS.commandId] ?? null,
    type: headers[BROKER_HEADERS.type] ?? null,
    headers: shownHeaders(headers, isOfDeath),
    body: content.subarray(0, DEAD_BODY_BYTES_SHOWN).toString(),
    bodyBytes: content.byteLength,
  };
}

/** Ours have one; what the broker itself has put here may be anybody's. */
function idOf(content: Buffer, { messageId }: MessageProperties): string {
  if (typeof messageId === "string" && messageId !== "") return messageId;
  return createHash("sha256").update(content).digest("hex");
}

const OF_DEATH: ReadonlySet<string> = new Set(Object.values(DEAD_HEADERS));

function isOfDeath(name: string): boolean {
  return OF_DEATH.has(name) || name.startsWith("x-");
}
