/** Jobs and what they do to runs as people read them. */
import { formatDuration } from "../durations.ts";
import { tame } from "../style.ts";
import type { Style } from "../style.ts";
import { renderPairs, renderTable } from "../table.ts";
import type { Column } from "../table.ts";
import type { Fate, Job, JobResult, Refusal, RunCounts } from "../wire.ts";

/** How far it is, on one line: `1,200 done, 3 left as they are (2 FLOW_RUN_FINAL, 1 FLOW_COMPENSATING)`. */
export function countsText({ seen, applied, refused }: RunCounts, isDryRun = false): string {
  const left = Object.entries(refused).map(([code, runs]) => `${number(runs)} ${tame(code)}`);
  const done = `${number(applied)} ${isDryRun ? "would be done" : "done"}`;
  return left.length === 0
    ? done
    : `${done}, ${number(seen - applied)} left as they are (${left.join(", ")})`;
}

export function number(value: number): string {
  return value.toLocaleString("en-US");
}

/** Whether a job did to all of its runs what it was for; of a dry run, whether it would. */
export function isClean({ state, refused, refusal }: Pick<Job, "state" | "refused" | "refusal">): boolean {
  return state !== "stopped" && Object.keys(refused).length === 0 && refusal === undefined;
}

export function jobStateText({ state }: Pick<Job, "state">, style: Style): string {
  if (state === "done") return style.good(state);
  return state === "running" ? tame(state) : style.warn(tame(state));
}

export function jobColumns(style: Style, nowMs: number): readonly Column<Job>[] {
  return [
    { title: "job", cell: ({ jobId }) => tame(jobId) },
    {
      title: "what",
      cell: ({ operation, dryRun }) => tame(`${operation.type}${dryRun ? " (dry run)" : ""}`),
    },
    { title: "runs", cell: ({ filter }) => tame(filterText(filter)) },
    { title: "state", cell: (job) => jobStateText(job, style) },
    { title: "done", align: "right", cell: ({ applied }) => number(applied) },
    { title: "left", align: "right", cell: ({ seen, applied }) => number(seen - applied) },
    { title: "by", cell: ({ by }) => tame(by) },
    {
      title: "asked",
      align: "right",
      cell: ({ askedAt }) => `${formatDuration(nowMs - Date.parse(askedAt))} ago`,
    },
  ];
}

/** `flow=purchase state=paid`. */
export function filterText(filter: Readonly<Record<string, unknown>>): string {
  return Object.entries(filter)
    .map(([name, value]) =>
      Array.isArray(value) && value.length > 1
        ? `${value.length} ${name === "ids" ? "messages" : "runs"}`
        : `${name}=${Array.isArray(value) ? String(value[0]) : String(value)}`,
    )
    .join(" ");
}

export function jobText(job: Job, style: Style): string {
  const { jobId, operation, filter, dryRun, runsPerSecond, by, reason, askedAt, endedAt } = job;
  const { examples, fates = [], refusal } = job;
  const head = renderPairs(
    [
      ["job", tame(jobId)],
      ["what", tame(operationText(operation, dryRun))],
      ["runs", tame(filterText(filter))],
      ["rate", runsPerSecond === null ? "as fast as it goes" : `${runsPerSecond} runs/s`],
      ["state", jobStateText(job, style)],
      ["so far", countsText(job, dryRun)],
      ...(refusal === undefined ? [] : [["but", style.bad(refusalText(refusal))] as const]),
      ["by", tame(by)],
      ["reason", tame(reason ?? "-")],
      ["asked", tame(askedAt)],
      ["ended", tame(endedAt ?? "-")],
    ],
    style,
  );
  const parts = [head, fatesText(fates), examples.length === 0 ? "" : resultsText(examples, style)];
  return parts.filter((part) => part !== "").join("\n");
}

/** What a dry run has to say of the job itself. */
export function refusalText({ message, code }: Refusal): string {
  return tame(`the job itself would be refused: ${message} (${code})`);
}

/** Runs by what becomes of them. */
export function fatesText(fates: readonly Fate[]): string {
  return fates
    .map(({ from, to, code, runs }) => {
      const fate = code === null ? `${from} → ${to ?? from}` : `${from} stays: ${code}`;
      return `${number(runs).padStart(7)}  ${tame(fate)}\n`;
    })
    .join("");
}

/** The same counted from single runs, on top of what was counted before. */
export function countFates(results: readonly JobResult[], before: readonly Fate[] = []): readonly Fate[] {
  const fates = new Map(before.map((fate) => [keyOf(fate), fate]));
  for (const { from, to, code } of results) {
    const key = keyOf({ from, to, code });
    fates.set(key, { from, to, code, runs: (fates.get(key)?.runs ?? 0) + 1 });
  }
  return [...fates.values()];
}

function keyOf({ from, to, code }: Pick<Fate, "from" | "to" | "code">): string {
  return JSON.stringify([from, to, code]);
}

/** `force state=paid`. */
function operationText({ type, ...fields }: Job["operation"], dryRun: boolean): string {
  const given = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [type, ...given, ...(dryRun ? ["(dry run)"] : [])].join(" ");
}

export function resultsText(results: readonly JobResult[], style: Style): string {
  return renderTable(
    results,
    [
      { title: "run", cell: ({ runId }) => tame(runId) },
      { title: "state", cell: ({ from }) => tame(from) || "-" },
      { title: "becomes", cell: (result) => fateText(result, style) },
    ],
    style,
  );
}

function fateText({ to, code, message }: JobResult, style: Style): string {
  if (code !== null) return style.bad(tame(`stays: ${message ?? code} (${code})`));
  return to === null ? style.good("done") : style.good(tame(to));
}
