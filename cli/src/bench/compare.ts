/** Two results side by side: how the same rows differ, and under which conditions either was measured. */
import type { Style } from "../style.ts";
import { renderTable } from "../table.ts";
import { caseText } from "./case-text.ts";
import { times } from "./numbers.ts";
import { conditionsText } from "./report.ts";
import { rowKey, shareOfCeiling } from "./result.ts";
import type { BenchRow, MeasuredResult } from "./result.ts";

/** Now divided by then; `null` where either was not measured. */
export interface ComparedRow {
  readonly row: BenchRow;
  readonly transitionsPerSecond: number | null;
  readonly shareOfCeiling: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly subjectCpuPer1000: number | null;
  readonly postgresCpuPer1000: number | null;
  readonly peakBytes: number | null;
  readonly walBytesPerTransition: number | null;
}

export interface Comparison {
  readonly rows: readonly ComparedRow[];
  /** Rows that only one of the two has, in words. */
  readonly onlyThen: readonly string[];
  readonly onlyNow: readonly string[];
}

export function compareResults(
  then: Pick<MeasuredResult, "rows">,
  now: Pick<MeasuredResult, "rows">,
): Comparison {
  const formerRows = new Map(then.rows.map((row) => [rowKey(row), row]));
  const keysNow = new Set(now.rows.map(rowKey));
  return {
    rows: now.rows.flatMap((row) => {
      const former = formerRows.get(rowKey(row));
      return former === undefined ? [] : [compareRows(former, row)];
    }),
    onlyThen: then.rows.filter((row) => !keysNow.has(rowKey(row))).map(rowText),
    onlyNow: now.rows.filter((row) => !formerRows.has(rowKey(row))).map(rowText),
  };
}

function compareRows(then: BenchRow, now: BenchRow): ComparedRow {
  const ratio = (of: (row: BenchRow) => number | null): number | null => {
    const [before, after] = [of(then), of(now)];
    return before === null || after === null || before === 0 ? null : after / before;
  };
  return {
    row: now,
    transitionsPerSecond: ratio((row) => row.transitionsPerSecond),
    shareOfCeiling: ratio(shareOfCeiling),
    p50Ms: ratio((row) => row.p50Ms),
    p99Ms: ratio((row) => row.p99Ms),
    subjectCpuPer1000: ratio((row) => row.subjectCpuPer1000),
    postgresCpuPer1000: ratio((row) => row.postgresCpuPer1000),
    peakBytes: ratio((row) => row.peakBytes),
    walBytesPerTransition: ratio((row) => row.walBytesPerTransition),
  };
}

function rowText(row: BenchRow): string {
  const stored = row.storedRuns === 0 ? "" : `, ${row.storedRuns} stored`;
  return `${row.subject}: ${caseText(row)}${stored}`;
}

export function comparisonText(
  then: MeasuredResult,
  now: MeasuredResult,
  path: string,
  style: Style,
): string {
  const { rows, onlyThen, onlyNow } = compareResults(then, now);
  const ratio = (title: string, of: (row: ComparedRow) => number | null) => ({
    title,
    cell: (row: ComparedRow) => times(of(row)),
    align: "right" as const,
  });
  const table = renderTable(
    rows,
    [
      { title: "now, of then", cell: ({ row }) => rowText(row) },
      ratio("transitions/s", (row) => row.transitionsPerSecond),
      ratio("of ceiling", (row) => row.shareOfCeiling),
      ratio("p50", (row) => row.p50Ms),
      ratio("p99", (row) => row.p99Ms),
      ratio("CPU", (row) => row.subjectCpuPer1000),
      ratio("Postgres", (row) => row.postgresCpuPer1000),
      ratio("peak", (row) => row.peakBytes),
      ratio("WAL", (row) => row.walBytesPerTransition),
    ],
    style,
  );
  const lonely = [
    ...onlyThen.map((text) => `Only in ${path}: ${text}\n`),
    ...onlyNow.map((text) => `Only now: ${text}\n`),
  ];
  return `${table}${lonely.join("")}Then (${path}): ${conditionsText(then.conditions)}Now: ${conditionsText(now.conditions)}`;
}
