/**
 * The dead letters of a service, to be looked at and brought back.
 * D1  Looking changes nothing: what was looked at goes back in its place. While one looks, another sees what is left.
 * D2  A letter leaves when its message is confirmed in the queue that it goes back to. A repeat is harmless: its ids are those it had.
 */
import { createHash } from "node:crypto";
import type { Channel, ChannelModel, GetMessage, MessageProperties } from "amqplib";
import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import { hasCode } from "@sluice/contracts/problem";
import { engineError } from "../../core/errors.ts";
import { textHeaders } from "./amqp-message.ts";
import { DEAD_HEADERS, toRevived } from "./dead-letter.ts";
import { categoryOf, deathOf } from "./death-of.ts";
import type { DeadLetterCategory } from "./death-of.ts";
import { Link } from "./link.ts";
import type { Lose } from "./link.ts";
import { resolveCommandsOptions } from "./options.ts";
import type { RabbitmqOptions, ResolvedRabbitmqOptions } from "./options.ts";
import { Publisher } from "./publisher.ts";
import { watchChannel } from "./watch-channel.ts";

export type RabbitmqDeadLettersOptions = Pick<
  RabbitmqOptions,
  "url" | "service" | "tls" | "attemptMs" | "connectMs" | "log"
>;

export interface RabbitmqDeadLetter {
  readonly id: string;
  readonly category: DeadLetterCategory;
  /** Of a closed set: a fault of reading (`not-json`), a code of the engine, `no-reply-queue`, `deliveries-exhausted`; a service may have its own. */
  readonly reason: string;
  /** For people; null where the broker gave none. */
  readonly error: string | null;
  /** The queue it was read from, and goes back to; null when that is not known, and it cannot go back. */
  readonly queue: string | null;
  /** ISO 8601. */
  readonly diedAt: string | null;
  readonly runId: string | null;
  readonly commandId: string | null;
  readonly type: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** As UTF-8, the first BODY_BYTES_SHOWN of it. */
  readonly body: string;
  readonly bodyBytes: number;
}

/** Which letters; those that fit all that is given. */
export interface RabbitmqDeadLetterFilter {
  readonly ids?: readonly string[];
  readonly category?: DeadLetterCategory;
  readonly reason?: string;
  readonly runId?: string;
  /** The most that are shown, replayed or discarded, the oldest first. @default 100 */
  readonly limit?: number;
}

export interface RabbitmqDeadLetterList {
  readonly items: readonly RabbitmqDeadLetter[];
  /** Letters in the queue, that fit or not. */
  readonly total: number;
  /** Of those looked at and fitting, by category and reason. */
  readonly counts: readonly {
    readonly category: DeadLetterCategory;
    readonly reason: string;
    readonly count: number;
  }[];
  /** Whether all were looked at: a look ends after LOOKS_MAX letters. */
  readonly isWhole: boolean;
}

export interface RabbitmqReplay {
  /** Ids of those that went back, or were discarded. */
  readonly done: readonly string[];
  /** Those that could not go back, and why; they are still there. */
  readonly failed: readonly { readonly id: string; readonly error: string }[];
}

/** Each throws FLOW_BROKER_UNAVAILABLE (unavailable), FLOW_BROKER_REFUSED (forbidden) or FLOW_BROKER_MISMATCH (conflict), FLOW_BAD_QUERY (invalid). */
export interface RabbitmqDeadLetters {
  list(filter?: RabbitmqDeadLetterFilter): Promise<RabbitmqDeadLetterList>;
  /** Sends them back to where they were read; who reads there judges them anew. */
  replay(filter: RabbitmqDeadLetterFilter): Promise<RabbitmqReplay>;
  /** Forgets them for good. */
  discard(filter: RabbitmqDeadLetterFilter): Promise<RabbitmqReplay>;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;
export const BODY_BYTES_SHOWN = 16_384;
/** All that one call looks at, since a queue has no index; some seconds. */
const LOOKS_MAX = 10_000;

/**
 * The dead letters of `<service>.dead-letters`: of the service's commands, and of what it said to runs. Connects for each call.
 * @throws FLOW_BAD_OPTION (invalid)
 * @see docs/decisions/0023-rabbitmq.md
 */
export function rabbitmqDeadLetters(options: RabbitmqDeadLettersOptions): RabbitmqDeadLetters {
  const resolved = resolveCommandsOptions({ ...options, queues: "check" });
  return {
    list: (filter = {}) => list(resolved, filter),
    replay: (filter) =>
      withPublisher(resolved, (publisher) =>
        take(resolved, filter, async ({ queue }, message) => {
          if (queue === null)
            throw engineError("FLOW_BROKER_MISMATCH", "the queue it came from is not known");
          await publisher.publishOne(toRevived(queue, message.content, message.properties), NEVER);
        }),
      ),
    discard: (filter) => take(resolved, filter, async () => {}),
  };
}

/** `attemptMs` bounds every try. */
const NEVER = new AbortController().signal;

async function list(
  options: ResolvedRabbitmqOptions,
  filter: RabbitmqDeadLetterFilter,
): Promise<RabbitmqDeadLetterList> {
  const limit = resolveLimit(filter);
  const items: RabbitmqDeadLetter[] = [];
  const counts = new Map<string, { category: DeadLetterCategory; reason: string; count: number }>();
  const looked = await lookThrough(options, async (letter) => {
    if (!fits(letter, filter)) return "next";
    if (items.length < limit) items.push(letter);
    const { category, reason } = letter;
    const row = counts.get(reason) ?? { category, reason, count: 0 };
    row.count++;
    counts.set(reason, row);
    return "next";
  });
  return { items, counts: [...counts.values()], ...looked };
}

type Work = (letter: RabbitmqDeadLetter, message: GetMessage) => Promise<void>;

/** Works on each letter that fits, and takes those out with which it went well. */
async function take(
  options: ResolvedRabbitmqOptions,
  filter: RabbitmqDeadLetterFilter,
  work: Work,
): Promise<RabbitmqReplay> {
  const limit = resolveLimit(filter);
  const done: string[] = [];
  const failed: { id: string; error: string }[] = [];
  await lookThrough(options, async (letter, message, channel) => {
    if (!fits(letter, filter)) return "next";
    try {
      await work(letter, message);
      channel.ack(message);
      done.push(letter.id);
    } catch (error) {
      // Without its broker the others would not go better.
      if (hasCode(error, "FLOW_BROKER_UNAVAILABLE")) throw error;
      failed.push({ id: letter.id, error: error instanceof Error ? error.message : String(error) });
    }
    return done.length + failed.length < limit ? "next" : "end";
  });
  return { done, failed };
}

type Look = (letter: RabbitmqDeadLetter, message: GetMessage, channel: Channel) => Promise<"next" | "end">;

/** Gets one after the other; those that are not acknowledged go back with the end of the connection. */
async function lookThrough(
  options: ResolvedRabbitmqOptions,
  look: Look,
): Promise<{ readonly total: number; readonly isWhole: boolean }> {
  const queue = options.names.deadLetters;
  const link = new Link({
    ...options,
    name: `sluice: dead letters of ${options.service}`,
    setUp: openQueue(queue),
  });
  await link.open();
  try {
    const session = link.session;
    if (session === null) throw engineError("FLOW_BROKER_UNAVAILABLE", String(link.health()));
    const { channel, total } = session;
    let looked = 0;
    while (looked < Math.min(total, LOOKS_MAX)) {
      const message = await channel.get(queue);
      if (message === false) break;
      looked++;
      if ((await look(toLetter(message), message, channel)) === "end") break;
    }
    return { total, isWhole: looked >= total };
  } finally {
    await link.close();
  }
}

function openQueue(queue: string) {
  return async (
    connection: ChannelModel,
    lose: Lose,
  ): Promise<{ readonly channel: Channel; readonly total: number }> => {
    const channel = await connection.createChannel();
    watchChannel(channel, lose);
    return { channel, total: (await channel.checkQueue(queue)).messageCount };
  };
}

async function withPublisher<T>(
  options: ResolvedRabbitmqOptions,
  work: (publisher: Publisher) => Promise<T>,
): Promise<T> {
  const publisher = new Publisher(options, `sluice: replay of ${options.service}`, []);
  await publisher.open();
  try {
    return await work(publisher);
  } finally {
    await publisher.close();
  }
}

function toLetter({ content, properties }: GetMessage): RabbitmqDeadLetter {
  const headers = textHeaders(properties);
  const { reason, error, queue, diedAt } = deathOf(properties);
  return {
    id: idOf(content, properties),
    category: categoryOf(reason),
    reason,
    error,
    queue,
    diedAt,
    runId: headers[BROKER_HEADERS.runId] ?? null,
    commandId: headers[BROKER_HEADERS.commandId] ?? null,
    type: headers[BROKER_HEADERS.type] ?? null,
    headers: withoutDeath(headers),
    body: content.subarray(0, BODY_BYTES_SHOWN).toString(),
    bodyBytes: content.byteLength,
  };
}

/** Ours have one; what the broker itself has put here may be anybody's. */
function idOf(content: Buffer, { messageId }: MessageProperties): string {
  if (typeof messageId === "string" && messageId !== "") return messageId;
  return createHash("sha256").update(content).digest("hex");
}

function withoutDeath(headers: Readonly<Record<string, string>>): Record<string, string> {
  const ours: readonly string[] = Object.values(DEAD_HEADERS);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !ours.includes(name) && !name.startsWith("x-")),
  );
}

function fits(
  letter: RabbitmqDeadLetter,
  { ids, category, reason, runId }: RabbitmqDeadLetterFilter,
): boolean {
  return (
    (ids === undefined || ids.includes(letter.id)) &&
    (category === undefined || category === letter.category) &&
    (reason === undefined || reason === letter.reason) &&
    (runId === undefined || runId === letter.runId)
  );
}

function resolveLimit({ limit = LIMIT_DEFAULT }: RabbitmqDeadLetterFilter): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT_MAX) return limit;
  throw engineError("FLOW_BAD_QUERY", `limit is ${limit}, expected a whole number from 1 to ${LIMIT_MAX}`);
}
