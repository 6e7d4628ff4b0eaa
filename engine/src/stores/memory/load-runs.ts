import type { LoadedRun, SeenEvent } from "../../core/ports.ts";
import type { Run } from "../../core/run.ts";
import { seenBy } from "../../core/seen.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { fromStoredRun, historyOf } from "./stored-run.ts";

export function loadRuns(database: MemoryDatabase, runIds: readonly string[]): LoadedRun[] {
  return getRuns(database, runIds).map((run) => ({ run, seen: listSeen(database, run.runId) }));
}

/** Stored runs of these ids, in no promised order; ids of no run are left out. */
export function getRuns(database: MemoryDatabase, runIds: readonly string[]): Run[] {
  const stored = [...new Set(runIds)].map((runId) => database.runs.get(runId));
  return stored.filter((run) => run !== undefined).map(fromStoredRun);
}

function listSeen(database: MemoryDatabase, runId: string): Map<string, SeenEvent> {
  const seen = new Map<string, SeenEvent>();
  for (const entry of historyOf(database, runId)) {
    const [id, event] = seenBy(entry) ?? [];
    if (id !== undefined && event !== undefined && !seen.has(id)) seen.set(id, event);
  }
  return seen;
}
