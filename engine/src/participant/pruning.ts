/**
 * Has an inbox forget what is old, now and then, while commands are served.
 * G1  One round at a time, of at most PRUNED_ROWS_MAX answers; what is left over is forgotten in the next.
 * G2  A round that fails harms nobody: the next one tries again. One that is under way at the end is not waited for.
 */
import type { LogPort } from "../core/ports.ts";
import { rest } from "../core/rest.ts";
import { scheduleTimer } from "./bounded-call.ts";
import type { Inbox } from "./inbox.ts";

/** Answers that one round forgets. */
export const PRUNED_ROWS_MAX = 100_000;
/** A process that is restarted every day prunes all the same; several that start together do it one after the other. */
const FIRST_MS_MAX = 60_000;

export interface PruningPorts {
  readonly source: string;
  readonly everyMs: number;
  readonly log: LogPort;
  readonly pruned: (answers: number) => void;
}

/** Begins, where the inbox can forget, and ends with the signal. Never rejects. */
export async function pruneAgain(
  inbox: Pick<Inbox<never>, "prune">,
  { source, everyMs, log, pruned }: PruningPorts,
  signal: AbortSignal,
): Promise<void> {
  if (inbox.prune === undefined) return;
  await rest(scheduleTimer, Math.random() * Math.min(everyMs, FIRST_MS_MAX), signal);
  while (!signal.aborted) {
    try {
      pruned(await inbox.prune(PRUNED_ROWS_MAX));
    } catch (err) {
      if (signal.aborted) return;
      log.warn(
        { source, err, everyMs },
        "the inbox could not be pruned; it is tried again with the next round",
      );
    }
    await rest(scheduleTimer, everyMs, signal);
  }
}
