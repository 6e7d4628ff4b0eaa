/** A result for people. */
import { styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import type { Style } from "../style.ts";
import { renderTable } from "../table.ts";
import type { Column } from "../table.ts";
import { nameOf } from "./flow/bench-flow.ts";
import type { Goal } from "./goals.ts";
import { pairsWith } from "./goals.ts";
import { NOTHING, megabytes, percent, short, times, whole } from "./numbers.ts";
import { profileText } from "./profile/profile-text.ts";
import { shareOfCeiling } from "./result.ts";
import type { BenchResult, BenchRow, Conditions, MeasuredResult } from "./result.ts";

export function reportText(cli: Cli, result: BenchResult): string {
  const style = styleOf(cli);
  const parts = [
    result.rows.length === 0 ? "" : renderTable(result.rows, columnsOf(result.rows), style),
    ceilingsText(result.rows),
    result.profile === null ? "" : profileText(result.profile, style),
    peersText(result.rows, style),
    skippedText(result),
    goalsText(result.goals, style),
    conditionsText(result.conditions),
    auditText(result, style),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** A column of rows. */
export type Cell = Column<BenchRow>;

/** Columns that say the same of every row are left out. */
function columnsOf(rows: readonly BenchRow[]): Cell[] {
  const isAbout = (what: (row: BenchRow) => unknown, usual: unknown): boolean =>
    rows.some((row) => what(row) !== usual);
  const columns: (Cell | false)[] = [
    isAbout((row) => row.subject, "sluice") && { title: "of", cell: ({ subject }) => subject },
    isAbout((row) => row.storedRuns, 0) && right("stored", (row) => whole(row.storedRuns)),
    { title: "flow", cell: ({ flow }) => nameOf(flow) },
    { title: "participants", cell: ({ participants }) => participants },
    { title: "door", cell: ({ door }) => door },
    right("in flight", ({ inFlight }) => whole(inFlight)),
    isAbout((row) => row.arrivalsPerSecond, null) &&
      right("planned/s", ({ arrivalsPerSecond }) => whole(arrivalsPerSecond)),
    right("runs/s", ({ runsPerSecond }) => whole(runsPerSecond)),
    right("transitions/s", ({ transitionsPerSecond }) => whole(transitionsPerSecond)),
    right("of ceiling", (row) => percent(shareOfCeiling(row))),
    right("p50 ms", ({ p50Ms }) => short(p50Ms)),
    right("p99 ms", ({ p99Ms }) => short(p99Ms)),
    right("CPU s/1000", ({ subjectCpuPer1000 }) => short(subjectCpuPer1000)),
    right("Postgres", ({ postgresCpuPer1000 }) => short(postgresCpuPer1000)),
    right("peak", ({ peakBytes }) => megabytes(peakBytes)),
    right("WAL bytes", ({ walBytesPerTransition }) => whole(walBytesPerTransition)),
    right("others", ({ othersCores }) => (othersCores === null ? NOTHING : othersCores.toFixed(1))),
  ];
  return columns.filter((column) => column !== false);
}

export function right(title: string, cell: (row: BenchRow) => string): Cell {
  return { title, cell, align: "right" };
}

const LEGEND =
  "p50 and p99 count from the planned start of a run. CPU seconds are for 1,000 transitions: of the measured process, then of all of Postgres.\n" +
  "Peak is the memory of the measured process; WAL bytes are for one transition; others is how many cores other programs kept busy.\n";

/** What the shares are shares of. */
function ceilingsText(rows: readonly BenchRow[]): string {
  const known = rows.filter(({ ceilingPerSecond }) => ceilingPerSecond !== null);
  const lines = [...Map.groupBy(known, ({ flow, participants }) => `${nameOf(flow)}, ${participants}`)].map(
    ([name, [row]]) => {
      const single = row?.singleCeilingPerSecond ?? null;
      const beside = single === null ? "" : `; ${whole(single)} with rows for each transition`;
      return `  ${name}: ${whole(row?.ceilingPerSecond ?? null)} transitions/s${beside}\n`;
    },
  );
  if (lines.length === 0) return LEGEND;
  return `${LEGEND}Ceiling: what plain statements reach in the same tables with the rows that the engine has written for a run, without an engine:\n${lines.join("")}`;
}

/** The engine beside each peer, case by case. */
function peersText(rows: readonly BenchRow[], style: Style): string {
  const names = [...new Set(rows.map(({ subject }) => subject))].filter((name) => name !== "sluice");
  return names
    .map((name) =>
      renderTable(
        pairsWith(name, rows),
        [
          {
            title: `sluice against ${name}`,
            cell: ({ ours }) => `${nameOf(ours.flow)}, ${ours.participants}`,
          },
          { title: "in flight", cell: ({ ours }) => whole(ours.inFlight), align: "right" },
          { title: "planned/s", cell: ({ ours }) => whole(ours.arrivalsPerSecond), align: "right" },
          {
            title: "flows/s",
            cell: ({ ours, theirs }) => times(ours.runsPerSecond / theirs.runsPerSecond),
            align: "right",
          },
          { title: "p99", cell: ({ ours, theirs }) => times(ours.p99Ms / theirs.p99Ms), align: "right" },
        ],
        style,
      ),
    )
    .join("\n");
}

export function skippedText({
  skipped,
  isInterrupted,
}: Pick<MeasuredResult, "skipped" | "isInterrupted">): string {
  const lines = skipped.map((each) => `Not measured: ${each.case}: ${each.reason}.\n`);
  return [...lines, isInterrupted ? "Interrupted: this is what was measured until then.\n" : ""].join("");
}

export function goalsText(goals: readonly Goal[], style: Style): string {
  const judged = goals.filter(({ isMet }) => isMet !== null);
  if (judged.length === 0) return "";
  return renderTable(
    judged,
    [
      { title: "goal", cell: ({ goal }) => goal },
      { title: "", cell: ({ isMet }) => (isMet === true ? style.good("met") : style.bad("missed")) },
      { title: "found", cell: ({ found }) => found ?? NOTHING },
    ],
    style,
  );
}

export function conditionsText(conditions: Conditions): string {
  const { machine, postgres, fsyncMs, isInMemory, secondsPerFigure, othersCores, at, sluice } = conditions;
  const disk =
    fsyncMs === null
      ? ""
      : `, fsync on (${short(fsyncMs)} ms a page${isInMemory ? ", IN MEMORY: no disk" : ""})`;
  const others =
    othersCores === null ? "" : `, other programs kept ${othersCores.toFixed(1)} of the cores busy`;
  return `Conditions: ${machine.cores} cores (${machine.model}) for everything${others}; Postgres ${postgres}${disk}; Node ${machine.node}; ${secondsPerFigure} s for each figure; sluice ${sluice}, ${at}.\n`;
}

const FINDINGS_PRINTED_MAX = 20;

export function auditText(
  { findings, auditedRuns }: Pick<MeasuredResult, "findings" | "auditedRuns">,
  style: Style,
): string {
  if (auditedRuns === 0) return "Nothing was audited.\n";
  if (findings.length === 0)
    return style.good(`The audit of ${whole(auditedRuns)} runs found every invariant kept.\n`);
  return `${style.bad("The audit found:")}\n${findings.slice(0, FINDINGS_PRINTED_MAX).join("\n")}\n`;
}
