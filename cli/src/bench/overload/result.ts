/** What `sluice bench overload` found, as `--json` prints it and `--compare` reads it. */
import type { MeasuredResult } from "../result.ts";
import type { ResultForm } from "../result-file.ts";
import type { MemoryTrend } from "./memory-trend.ts";
import type { Offered } from "./offered.ts";

export const OVERLOAD_KIND = "sluice-bench-overload";

export interface OverloadResult extends Omit<MeasuredResult, "rows" | "profile"> {
  readonly kind: typeof OVERLOAD_KIND;
  /** Most runs a second that were done, whatever was asked for; `null` when it was not found. */
  readonly capacityPerSecond: number | null;
  /** How capacity was found. */
  readonly steps: readonly Offered[];
  /** Capacity, and more than it. */
  readonly rows: readonly OverloadRow[];
  readonly stalled: readonly StalledRow[];
}

export interface OverloadRow extends Offered {
  readonly timesCapacity: number;
  readonly engineCores: number;
  readonly postgresCores: number | null;
  readonly othersCores: number | null;
  /** Of the engine's process, while the load was on; `null` where nobody knows it. */
  readonly memory: MemoryTrend | null;
}

/** One flow, while the participant of another one answers, or does not. */
export interface StalledRow {
  readonly isStalled: boolean;
  readonly runsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Runs of the other flow that waited meanwhile, and how many of their commands had left. */
  readonly runsWaiting: number;
  readonly commandsUnderWay: number;
}

export const OVERLOAD_FORM: ResultForm<OverloadResult> = {
  kind: OVERLOAD_KIND,
  command: "sluice bench overload",
  isWhole: (value): value is OverloadResult =>
    "rows" in value && Array.isArray(value.rows) && "stalled" in value && Array.isArray(value.stalled),
};
