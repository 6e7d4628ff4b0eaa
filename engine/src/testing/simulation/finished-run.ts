import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { Run } from "../../core/run.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import { fromStoredRun, historyOf } from "../../stores/memory/stored-run.ts";

/** A run with all that is stored of it, when the world has come to rest. */
export interface FinishedRun {
  readonly run: Run;
  readonly entries: readonly HistoryEntry[];
  readonly flow: CompiledFlow;
}

export function readRuns(
  database: MemoryDatabase,
  flows: readonly CompiledFlow[],
): ReadonlyMap<string, FinishedRun> {
  const runs = new Map<string, FinishedRun>();
  for (const [runId, stored] of database.runs) {
    const run = fromStoredRun(stored);
    const flow = flows.find(({ name }) => name === run.flow);
    if (flow !== undefined) runs.set(runId, { run, entries: historyOf(database, runId), flow });
  }
  return runs;
}
