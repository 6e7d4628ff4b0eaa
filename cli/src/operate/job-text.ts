/** Jobs and what they do to runs as people read them. */
import { formatDuration } from "../durations.ts";
import { tame } from "../style.ts";
import type { Style } from "../style.ts";
import { renderPairs, renderTable } from "../table.ts";
import type { Column } from "../table.ts";
import type { Job, JobResult, RunCounts } from "../wire.ts";

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

/** Whether a job did to all of its runs what it was for. */
export function isClean({ state, refused }: Pick<Job, "state" | "refused">): boolean {
  return state !== "stopped" && Object.keys(refused).length === 0;
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
        ? `${value.length} runs`
        : `${name}=${Array.isArray(value) ? String(value[0]) : String(value)}`,
    )
    .join(" ");
}

export function jobText(job: Job, style: Style): string {
  const { jobId, operation, filter, dryRun, runsPerSecond, by, reason, askedAt, endedAt, examples } = job;
  const head = renderPairs(
    [
      ["job", tame(jobId)],
      ["what", tame(operationText(operation, dryRun))],
      ["runs", tame(filterText(filter))],
      ["rate", runsPerSecond === null ? "as fast as it goes" : `${runsPerSecond} runs/s`],
      ["state", jobStateText(job, style)],
      ["so far", countsText(job, dryRun)],
      ["by", tame(by)],
      ["reason", tame(reason ?? "-")],
      ["asked", tame(askedAt)],
      ["ended", tame(endedAt ?? "-")],
    ],
    style,
  );
  return examples.length === 0 ? head : `${head}\n${resultsText(examples, style)}`;
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
