/** What a benchmark found, as `--json` prints it and `--compare` reads it. */
import type { Goal } from "./goals.ts";
import type { Machine } from "./observe/machine.ts";
import type { BenchCase } from "./plan.ts";
import type { Profile } from "./profile/profile.ts";

export const RESULT_KIND = "sluice-bench-engine";
/** Changes when an old result would be misread. */
export const RESULT_FORMAT = 1;

export interface BenchResult extends MeasuredResult {
  readonly kind: typeof RESULT_KIND;
}

/** What all benchmarks say of their rows. */
export interface MeasuredResult {
  readonly format: typeof RESULT_FORMAT;
  readonly conditions: Conditions;
  readonly rows: readonly BenchRow[];
  /** Cases that could not be measured here. */
  readonly skipped: readonly { readonly case: string; readonly reason: string }[];
  readonly goals: readonly Goal[];
  /** Runs that were audited afterwards; 0 where that would take too long. */
  readonly auditedRuns: number;
  /** What the audit says; one sentence for each fault. */
  readonly findings: readonly string[];
  /** With `--profile`. */
  readonly profile: Profile | null;
  /** Ctrl-C came before all was measured. */
  readonly isInterrupted: boolean;
}

export interface Conditions {
  readonly sluice: string;
  readonly at: string;
  readonly machine: Machine;
  readonly postgres: string;
  readonly fsyncMs: number | null;
  readonly isInMemory: boolean;
  readonly secondsPerFigure: number;
  /** Cores that other programs kept busy meanwhile, on average. */
  readonly othersCores: number | null;
}

/** A figure that could not be had is `null`. */
export interface BenchRow extends BenchCase {
  /** What was measured: `sluice`, or the name of a peer. */
  readonly subject: string;
  /** Runs that were stored before; 0 where nobody asked. */
  readonly storedRuns: number;
  readonly runs: number;
  readonly runsPerSecond: number;
  readonly transitionsPerSecond: number;
  /** Transitions per second that plain statements reach with the same rows. */
  readonly ceilingPerSecond: number | null;
  /** The same, were each transition written with rows of its own; `null` where each is, or where it was not measured. */
  readonly singleCeilingPerSecond: number | null;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly subjectCpuPer1000: number;
  readonly postgresCpuPer1000: number | null;
  /** Of participants in a process of their own, and of a broker between; 0 where there is none. */
  readonly participantsCpuPer1000: number | null;
  readonly brokerCpuPer1000: number | null;
  readonly peakBytes: number;
  readonly walBytesPerTransition: number;
  readonly othersCores: number | null;
}

/** Share of what plain statements reach; `null` when that was not measured. */
export function shareOfCeiling(
  row: Pick<BenchRow, "ceilingPerSecond" | "transitionsPerSecond">,
): number | null {
  return row.ceilingPerSecond === null ? null : row.transitionsPerSecond / row.ceilingPerSecond;
}

/** What tells one row of a result from another, and finds the same row in another result. */
export function rowKey(row: BenchRow): string {
  const { subject, flow, participants, door, inFlight, arrivalsPerSecond, storedRuns } = row;
  return JSON.stringify([subject, flow, participants, door, inFlight, arrivalsPerSecond, storedRuns]);
}
