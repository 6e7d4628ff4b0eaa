/**
 * The rules of a queue of dead letters, whichever broker has it: what fits, how much, in which order. The broker hands its messages over.
 * D1  Looking changes nothing.
 * D2  A message leaves when it is confirmed where it goes back to. A repeat is harmless: its ids are those it had.
 * D3  Of one run, none goes back before one ahead of it that was to go back and could not.
 */
import type { ReceivedMessage } from "@sluice/contracts/broker-message";
import { kindOf } from "@sluice/contracts/problem";
import { DEAD_MESSAGES_DEFAULT, DEAD_MESSAGES_MAX } from "../../core/dead-letter-queue.ts";
import type {
  DeadLetterQueue,
  DeadMessage,
  DeadMessageFilter,
  DeadMessageList,
  SettledMessages,
} from "../../core/dead-letter-queue.ts";
import { engineError } from "../../core/errors.ts";

/** A message that is looked at. */
export interface HeldMessage {
  readonly message: DeadMessage;
  /** Resolves when it is back where it came from, and gone here. */
  redrive(): Promise<void>;
  /** Resolves when it is gone. */
  discard(): Promise<void>;
}

export type Purpose = "list" | "redrive" | "discard";

/** Rejects never: a broker's part ends every look in the same way. */
export type Look = (held: HeldMessage) => Promise<"next" | "end">;

export interface Looked {
  /** Messages in the queue. */
  readonly total: number;
  readonly isWhole: boolean;
}

/** The broker's part. */
export interface DeadLetterPlace extends Pick<DeadLetterQueue, "name" | "broker" | "count"> {
  /** Hands over one message after the other, the oldest first, until one says that it is the last or there are no more. */
  lookThrough(purpose: Purpose, look: Look): Promise<Looked>;
}

export function deadLetterQueue(place: DeadLetterPlace): DeadLetterQueue {
  return {
    name: place.name,
    broker: place.broker,
    count: () => place.count(),
    list: (filter = {}) => list(place, filter),
    redrive: (filter) => settle(place, filter, "redrive"),
    discard: (filter) => settle(place, filter, "discard"),
  };
}

async function list(place: DeadLetterPlace, filter: DeadMessageFilter): Promise<DeadMessageList> {
  const limit = resolveLimit(filter);
  const items: DeadMessage[] = [];
  const counts = new Map<string, DeadMessageList["counts"][number]>();
  const looked = await place.lookThrough("list", async ({ message }) => {
    if (!fits(message, filter)) return "next";
    if (items.length < limit) items.push(message);
    const { category, reason } = message;
    counts.set(reason, { category, reason, count: (counts.get(reason)?.count ?? 0) + 1 });
    return "next";
  });
  return { items, counts: [...counts.values()], ...looked };
}

async function settle(
  place: DeadLetterPlace,
  filter: DeadMessageFilter,
  how: "redrive" | "discard",
): Promise<SettledMessages> {
  const limit = resolveLimit(filter);
  const done: string[] = [];
  const failed: { id: string; error: string }[] = [];
  const stuckRuns = new Set<string>();
  const outages: Error[] = [];
  await place.lookThrough(how, async (held) => {
    const { id, runId } = held.message;
    if (!fits(held.message, filter)) return "next";
    try {
      if (how === "redrive") assertInTurn(runId, stuckRuns);
      await held[how]();
      done.push(id);
    } catch (error) {
      const why = error instanceof Error ? error : new Error(String(error));
      failed.push({ id, error: why.message });
      // Without its broker the others would not go better.
      if (["unavailable", "timeout"].includes(kindOf(error))) {
        outages.push(why);
        return "end";
      }
      if (runId !== null) stuckRuns.add(runId);
    }
    return done.length + failed.length < limit ? "next" : "end";
  });
  const [outage] = outages;
  if (outage !== undefined && done.length === 0) throw outage;
  return { done, failed };
}

function assertInTurn(runId: string | null, stuckRuns: ReadonlySet<string>): void {
  if (runId !== null && stuckRuns.has(runId))
    throw noWayBack("one ahead of it of the same run could not go back");
}

function fits(message: DeadMessage, { ids, category, reason, runId }: DeadMessageFilter): boolean {
  return (
    (ids === undefined || ids.includes(message.id)) &&
    (category === undefined || category === message.category) &&
    (reason === undefined || reason === message.reason) &&
    (runId === undefined || runId === message.runId)
  );
}

/** @throws FLOW_BAD_QUERY (invalid) */
function resolveLimit({ limit = DEAD_MESSAGES_DEFAULT }: DeadMessageFilter): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= DEAD_MESSAGES_MAX) return limit;
  throw engineError(
    "FLOW_BAD_QUERY",
    `limit is ${limit}, expected a whole number from 1 to ${DEAD_MESSAGES_MAX}`,
  );
}

/** What cannot go back, and why. */
export function noWayBack(why: string): Error {
  return engineError("FLOW_BROKER_MISMATCH", why);
}

/** Headers as they are shown: those that have a text, and are not ours of its death. */
export function shownHeaders(
  headers: ReceivedMessage["headers"],
  isOfDeath: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, text]) =>
      text === undefined || isOfDeath(name) ? [] : [[name, text]],
    ),
  );
}
