/** A load by a schedule, and what became of it: what the callers' process is told, and what it answers. */
import type { Latencies } from "../statistics.ts";

export interface OfferedLoad {
  readonly arrivalsPerSecond: number;
  /** How long the schedule runs before the window opens. */
  readonly settleSeconds: number;
  readonly seconds: number;
  /** Most requests under way, each on a connection of its own; past it planned requests wait in the callers' process. */
  readonly connectionsMax: number;
}

/** What one request came to. `refused-bare`: refused without a word on when to come back. */
export type Outcome = "done" | "refused" | "refused-bare" | "failed";

/** What the window saw. Latencies are of runs that were planned in it and done, from their planned start to the news of their end. */
export interface Offered extends Latencies {
  readonly arrivalsPerSecond: number;
  readonly seconds: number;
  /** By how it ended, how many requests ended in the window. */
  readonly ended: Readonly<Record<Outcome, number>>;
  /** Some of the failures, in words. */
  readonly failures: readonly string[];
  readonly callers: CallersCost;
}

/** What the callers themselves had: whether they were fast enough to be believed. */
export interface CallersCost {
  /** Cores their process used, on average. */
  readonly cores: number;
  /** Share of the time in which its event loop had something to do. */
  readonly loopShare: number;
  /** How late requests left, by their schedule. */
  readonly lateP99Ms: number;
  /** Planned requests that waited for a free connection. */
  readonly heldBack: number;
}

export function goodputOf({ ended, seconds }: Pick<Offered, "ended" | "seconds">): number {
  return ended.done / seconds;
}

/** Above this share of the time a loop has no room left, and what waits, waits for it. */
const LOOP_SHARE_MAX = 0.9;

/** Why these figures are the callers' own and not the engine's; `null` when they are the engine's. */
export function bottleneckOf({ loopShare, heldBack }: CallersCost): string | null {
  if (heldBack > 0) return `${heldBack} requests waited for a free connection`;
  return loopShare > LOOP_SHARE_MAX
    ? `the callers' process was busy ${Math.round(100 * loopShare)} % of the time`
    : null;
}
