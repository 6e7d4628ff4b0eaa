import type { LoadedRun, SeenEvent, UnreadableRow } from "../../core/ports.ts";
import type { Run } from "../../core/run.ts";
import { seenBy } from "../../core/seen.ts";
import { unreadableRows } from "../../core/unreadable.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { fromStoredRun, historyOf } from "./stored-run.ts";

export function loadRuns(database: MemoryDatabase, runIds: readonly string[]): LoadedRun[] {
  return getRuns(database, runIds).map((run) => ({ run, seen: listSeen(database, run.runId) }));
}

/** Stored runs of these ids, in no promised order; ids of no run are left out. @throws FLOW_UNREADABLE (invalid) */
export function getRuns(database: MemoryDatabase, runIds: readonly string[]): Run[] {
  const found: Run[] = [];
  const unreadable: UnreadableRow[] = [];
  for (const id of new Set(runIds)) {
    const stored = database.runs.get(id);
    if (stored === undefined) continue;
    try {
      found.push(fromStoredRun(stored));
    } catch {
      unreadable.push({ id, fault: "it is no JSON; restore the row from a backup" });
    }
  }
  if (unreadable.length > 0) throw unreadableRows("run", unreadable);
  return found;
}

function listSeen(database: MemoryDatabase, runId: string): Map<string, SeenEvent> {
  const seen = new Map<string, SeenEvent>();
  for (const entry of historyOf(database, runId)) {
    const [id, event] = seenBy(entry) ?? [];
    if (id !== undefined && event !== undefined && !seen.has(id)) seen.set(id, event);
  }
  return seen;
}
