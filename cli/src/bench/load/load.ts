/** What is asked of a subject, and what it did. */
import type { Latencies } from "../statistics.ts";

export interface Load {
  /** Closed loop: so many callers, each with one run under way. Open arrival: at most so many runs under way. */
  readonly inFlight: number;
  /** Open arrival: runs begin by this schedule, whether or not the subject keeps up. `null`: a closed loop. */
  readonly arrivalsPerSecond: number | null;
  /** How long before the window opens; caches fill, code is compiled, statements are prepared. */
  readonly warmUpSeconds: number;
  /** How long the window is open, at the least. */
  readonly seconds: number;
}

/** Latencies are from the planned start of a run to the news of its end: planned is when its caller was free, or by the schedule. */
export interface LoadResult extends Latencies {
  /** How long the window really was open. */
  readonly seconds: number;
  /** Runs that ended in the window. */
  readonly runs: number;
}

/** Carries out one run, from its start to the news that it ended well; throws when it did not. */
export type RunOnce = () => Promise<void>;

export interface LoadWatch {
  readonly signal: AbortSignal;
  /** The window opens now. */
  opened(): void;
  /** The window is closed. */
  closed(): void;
}

/** A run that does not end within this time fails the benchmark. */
export const RUN_MS_MAX = 60_000;
