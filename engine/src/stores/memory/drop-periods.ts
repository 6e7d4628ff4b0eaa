import { periodAt, retainedSinceMs, widthFor } from "../../core/period.ts";
import type { DroppedPeriod, HeldPeriod, Retention, RunRow } from "../../core/ports.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { forgetProjected } from "./project.ts";
import { rowOfStoredRun } from "./stored-run.ts";

/** Periods are those of the calendar: nothing has to be made for them. */
export function dropPeriods(database: MemoryDatabase, retentionDays: number): Retention {
  const sinceMs = retainedSinceMs(database.nowMs(), retentionDays);
  const width = widthFor(retentionDays);
  const runs = [...database.runs.values()].map(rowOfStoredRun);
  const periods = Map.groupBy(runs, ({ createdAtMs }) => periodAt(createdAtMs, width).fromMs);
  const dropped: DroppedPeriod[] = [];
  const held: HeldPeriod[] = [];
  for (const [fromMs, born] of [...periods].sort(([a], [b]) => a - b)) {
    const period = periodAt(fromMs, width);
    if (period.untilMs > sinceMs) continue;
    const openRuns = born.filter(({ outcome }) => outcome === null).length;
    if (openRuns > 0 || born.some((run) => run.updatedAtMs > sinceMs || !isProjected(database, run)))
      held.push({ ...period, openRuns });
    else {
      for (const { runId } of born) forget(database, runId);
      dropped.push({ ...period, runs: born.length });
    }
  }
  return { sinceMs, dropped, held };
}

function isProjected(database: MemoryDatabase, { runId }: RunRow): boolean {
  return database.projection.get(runId)?.outcome != null;
}

function forget(database: MemoryDatabase, runId: string): void {
  database.runs.delete(runId);
  database.history.delete(runId);
  forgetProjected(database, runId);
}
