/** What an audit found, as data and as people read it. */
import type { AuditFinding, AuditReport } from "@sluice/engine";
import { tame } from "../style.ts";
import type { Style } from "../style.ts";
import { renderTable } from "../table.ts";
import type { CheckedLaw } from "./audit-database.ts";

/** Why two are missing. */
const WITNESSED =
  "I2 and I5 need a witness, for what a participant did and who committed stand in no row: the laws of an app (--app FILE), and sluice proof.";

/** The invariants that stored rows can show. Effects at participants (I2) are for the laws of an app; a broken fence (I5) shows as I1. */
const PROMISES: readonly (readonly [AuditFinding["invariant"], string])[] = [
  ["I1", "the history of each run has no gap and no repeat, and explains its state"],
  ["I3", "no run is stuck: it waits for an event, a timer or a command, or is parked with a dead letter"],
  ["I4", "outbox, inbox, lanes and the search projection agree"],
  ["I6", "each event was taken in once"],
];

export interface AuditResult {
  readonly isClean: boolean;
  /** Whether what must hold when nothing moves was checked too. */
  readonly isQuiet: boolean;
  readonly runs: number;
  readonly entries: number;
  readonly invariants: readonly {
    readonly invariant: string;
    readonly promise: string;
    /** How many faults were found. */
    readonly faults: number;
  }[];
  readonly findings: readonly AuditFinding[];
  readonly laws: readonly CheckedLaw[];
}

export function toAuditResult(
  report: AuditReport,
  laws: readonly CheckedLaw[],
  isQuiet: boolean,
): AuditResult {
  const { runs, entries, findings } = report;
  const invariants = PROMISES.map(([invariant, promise]) => ({
    invariant,
    promise,
    faults: findings.filter((finding) => finding.invariant === invariant).length,
  }));
  const isClean = findings.length === 0 && laws.every((law) => law.findings.length === 0);
  return { isClean, isQuiet, runs, entries, invariants, findings, laws };
}

export function auditText(result: AuditResult, style: Style): string {
  const rows = [
    ...result.invariants.map(({ invariant, faults, promise }) => ({ law: invariant, faults, promise })),
    ...result.laws.map(({ name, findings }) => ({
      law: "app",
      faults: findings.length,
      promise: tame(name),
    })),
  ];
  const table = renderTable(
    rows,
    [
      { title: "law", cell: ({ law }) => law },
      { title: "found", cell: ({ faults }) => verdict(faults, style) },
      { title: "promise", cell: ({ promise }) => promise },
    ],
    style,
  );
  const size = `${counted(result.runs, "run", "runs")} and ${counted(result.entries, "history entry", "history entries")} were checked.`;
  const hint = result.isQuiet
    ? ""
    : style.dim(" With --quiet-database I4 also means that the queues are empty.");
  return `${table}\n${faultLines(result)}${size}${hint}\n${style.dim(WITNESSED)}\n`;
}

function verdict(faults: number, style: Style): string {
  if (faults === 0) return style.good("ok");
  return style.bad(counted(faults, "fault", "faults"));
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** So many are printed; `--json` has them all. */
const PRINTED_MAX = 50;

function faultLines({ findings, laws }: AuditResult): string {
  const lines = [
    ...findings.map(({ invariant, runId, message }) => `${invariant}  ${runId ?? "-"}  ${tame(message)}`),
    ...laws.flatMap((law) => law.findings.map((fault) => `app  ${tame(law.name)}: ${tame(fault)}`)),
  ];
  if (lines.length === 0) return "";
  const left = lines.length - PRINTED_MAX;
  const more = left > 0 ? [`… and ${left} more; --json prints them all`] : [];
  return `${[...lines.slice(0, PRINTED_MAX), ...more].join("\n")}\n\n`;
}
