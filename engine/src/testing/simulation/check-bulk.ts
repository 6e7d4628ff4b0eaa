import type { ActionRow } from "../../core/ports.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { JobRecord } from "./bulk-operators.ts";
import type { Coverage } from "./coverage.ts";
import type { FinishedRuns } from "./finished-run.ts";
import type { Report } from "./violation.ts";

/** Open jobs and standing pauses, one line each. */
export function bulkUnrest({ actions, pauses }: MemoryDatabase): readonly string[] {
  const open = [...actions.values()]
    .map((text) => JSON.parse(text) as ActionRow)
    .filter(({ state }) => state === "running" || state === "stopping");
  return [
    ...open.map(({ kind, actionId }) => `the job ${kind} ${actionId} is not done`),
    ...[...pauses.keys()].map((pause) => `${pause.replaceAll("\n", " ")} is paused`),
  ];
}

/** I6: a job that was acknowledged is done to the end, to each run at most once, and its counts are true. */
export function checkJobs(
  jobs: readonly JobRecord[],
  { database, runs, report }: { database: MemoryDatabase; runs: FinishedRuns; report: Report },
): void {
  for (const job of jobs) {
    const text = database.actions.get(job.actionId);
    if (text === undefined) report("I6", `job ${job.actionId} was acknowledged, and there is no trace of it`);
    else checkJob(job, JSON.parse(text) as ActionRow, runs, report);
  }
}

function checkJob(
  { operation, by, isDryRun }: JobRecord,
  action: ActionRow,
  runs: FinishedRuns,
  report: Report,
): void {
  const name = `job ${action.actionId} (${operation.type})`;
  const { applied = 0, seen = 0, refused = {} } = action.job?.progress ?? {};
  const entries = [...runs.values()].flatMap(({ entries }) =>
    entries.filter(({ eventId }) => eventId === action.actionId),
  );
  const refusals = Object.values(refused).reduce((sum, count) => sum + count, 0);
  if (action.by !== by || entries.some((entry) => entry.by !== by))
    report("I6", `${name} is not that of ${by}`);
  if (applied + refusals !== seen)
    report("I6", `${name} has met ${seen} runs, ${applied} of them took it and ${refusals} refused`);
  // A page that a crash interrupted is done again, and does not find the runs that have ended by it.
  if (isDryRun ? entries.length > 0 : entries.length < applied)
    report("I6", `${name} says that ${applied} runs took it, and ${entries.length} have`);
}

export function coverJobs(
  jobs: readonly JobRecord[],
  { actions }: Pick<MemoryDatabase, "actions">,
  coverage: Coverage,
): void {
  for (const { actionId } of jobs) {
    const { state } = JSON.parse(actions.get(actionId) ?? "{}") as Partial<ActionRow>;
    if (state === "stopped") coverage.count("job stopped");
  }
}
