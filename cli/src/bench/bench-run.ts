/** A run of the benchmark: case after case, each beside the ceiling of its rows. Keeps what it has when it is interrupted. */
import { measureCeiling } from "./ceiling/measure-ceiling.ts";
import { readSample, unfolded } from "./ceiling/sample.ts";
import { caseText } from "./case-text.ts";
import { renewSchemas } from "./database/bench-database.ts";
import type { BenchDatabase } from "./database/bench-database.ts";
import { transitionsOf } from "./flow/bench-flow.ts";
import { auditCase, measureCase } from "./measure-case.ts";
import type { BenchBroker, Measured } from "./measure-case.ts";
import { openFilesMax } from "./observe/open-files.ts";
import type { BenchCase } from "./plan.ts";
import type { BenchResult, BenchRow } from "./result.ts";

export interface BenchParts {
  readonly database: BenchDatabase;
  /** How long each figure is measured. */
  readonly seconds: number;
  /** Time before that in which caches fill, code is compiled and statements are prepared. */
  readonly warmUpSeconds: number;
  readonly signal: AbortSignal;
  /** Of the transport that is measured, where that is one over a broker. */
  readonly broker?: BenchBroker;
  progress(what: string): void;
}

/** What has been found so far. */
export type Found = Pick<BenchResult, "rows" | "skipped" | "auditedRuns" | "findings" | "profile">;

export const NOTHING_FOUND: Found = { rows: [], skipped: [], auditedRuns: 0, findings: [], profile: null };

/** Each case on empty tables; after the cases that write the same rows the ceiling of those rows. */
export async function measureCases(
  parts: BenchParts,
  cases: readonly BenchCase[],
  { isCeilingWanted = true }: { readonly isCeilingWanted?: boolean } = {},
): Promise<Found> {
  const groups = [...Map.groupBy(cases, ({ flow, participants }) => `${flow} ${participants}`).values()];
  const rows: BenchRow[] = [];
  const skipped: BenchResult["skipped"][number][] = [];
  const findings: string[] = [];
  let auditedRuns = 0;
  let number = 0;
  for (const group of groups) {
    const together: BenchRow[] = [];
    for (const each of group) {
      number++;
      const reason = hindrance(each);
      if (reason !== null) skipped.push({ case: caseText(each), reason });
      if (reason !== null || parts.signal.aborted) continue;
      parts.progress(`${number} of ${cases.length}: ${caseText(each)}`);
      await renewSchemas(parts.database.sql);
      const measured = await measureCase({ ...parts, case: each });
      if (parts.signal.aborted) continue;
      together.push(toRow(each, measured, { subject: "sluice", storedRuns: 0 }));
      const audit = await auditCase({ ...parts, case: each });
      findings.push(...audit.faults);
      auditedRuns += audit.runs;
    }
    rows.push(...(isCeilingWanted ? await besideCeiling(parts, together) : together));
  }
  return { ...NOTHING_FOUND, rows, skipped, findings, auditedRuns };
}

/** Files that a process has open beside its connections to callers. */
const FILES_BESIDE = 200;

function hindrance({ door, inFlight }: BenchCase): string | null {
  const filesMax = openFilesMax();
  return door === "http" && inFlight + FILES_BESIDE > filesMax
    ? `each caller needs a connection, and a process may open ${filesMax} files here; raise the limit (ulimit -n)`
    : null;
}

/** The rows with the ceilings of what the last of them has stored. */
async function besideCeiling(parts: BenchParts, rows: readonly BenchRow[]): Promise<BenchRow[]> {
  const [first] = rows;
  if (first === undefined || parts.signal.aborted) return [...rows];
  const { flow, participants } = first;
  parts.progress("what plain statements reach with the same rows");
  const sample = await readSample(parts.database.sql, flow, participants);
  const transitions = transitionsOf(flow);
  const measure = async (of: typeof sample): Promise<number> => {
    const { runsPerSecond } = await measureCeiling(parts.database.target, of, parts.seconds, parts.signal);
    return runsPerSecond * transitions;
  };
  const ceilingPerSecond = await measure(sample);
  const isFolded = sample.visits.length < transitions;
  const singleCeilingPerSecond = isFolded ? await measure(unfolded(sample, participants)) : null;
  if (parts.signal.aborted) return [...rows];
  return rows.map((row) => ({ ...row, ceilingPerSecond, singleCeilingPerSecond }));
}

export function toRow(
  of: BenchCase,
  measured: Measured,
  { subject, storedRuns }: Pick<BenchRow, "subject" | "storedRuns">,
): BenchRow {
  const { runs, seconds, transitions, cost, p50Ms, p99Ms, maxMs, peakBytes } = measured;
  const per1000 = (cpuSeconds: number | null): number | null =>
    cpuSeconds === null ? null : (1_000 * cpuSeconds) / transitions;
  return {
    subject,
    ...of,
    storedRuns,
    runs,
    runsPerSecond: runs / seconds,
    transitionsPerSecond: transitions / seconds,
    ceilingPerSecond: null,
    singleCeilingPerSecond: null,
    p50Ms,
    p99Ms,
    maxMs,
    subjectCpuPer1000: per1000(cost.subjectCpuSeconds) ?? Number.NaN,
    postgresCpuPer1000: per1000(cost.postgresCpuSeconds),
    participantsCpuPer1000: per1000(cost.participantsCpuSeconds),
    brokerCpuPer1000: per1000(cost.brokerCpuSeconds),
    peakBytes,
    walBytesPerTransition: cost.walBytes / transitions,
    othersCores: cost.othersCores,
  };
}
