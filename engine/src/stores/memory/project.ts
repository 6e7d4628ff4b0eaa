import type { RunRow, StateCount } from "../../core/ports.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { copyRow, rowOfStoredRun } from "./stored-run.ts";

/** Brings the projection up to newer versions only, so that a repeat or a late writer changes nothing. */
export function project(
  database: MemoryDatabase,
  rows: readonly RunRow[],
  complete: readonly { laneId: number; epoch: number; untilMs: number }[],
): void {
  for (const row of rows) {
    const before = database.projection.get(row.runId);
    if (before !== undefined && before.version >= row.version) continue;
    if (before !== undefined) countRun(database, before, -1);
    countRun(database, row, 1);
    database.projection.set(row.runId, copyRow({ ...row }));
  }
  for (const { laneId, epoch, untilMs } of complete) {
    const lane = database.lanes[laneId];
    if (lane !== undefined && lane.epoch === epoch)
      lane.projectedAtMs = Math.max(lane.projectedAtMs, untilMs);
  }
}

function countRun(database: MemoryDatabase, row: RunRow, by: 1 | -1): void {
  const key = JSON.stringify([row.flow, row.flowVersion, row.state]);
  const before = database.stateCounts.get(key);
  const runs = (before?.runs ?? 0) + by;
  const parked = (before?.parked ?? 0) + (row.parked === null ? 0 : by);
  if (runs === 0) database.stateCounts.delete(key);
  else
    database.stateCounts.set(key, {
      flow: row.flow,
      flowVersion: row.flowVersion,
      state: row.state,
      runs,
      parked,
    });
}

export function countStates(database: MemoryDatabase, flow?: string): StateCount[] {
  return [...database.stateCounts.values()]
    .filter((count) => flow === undefined || count.flow === flow)
    .sort((a, b) => compare(a.flow, b.flow) || a.flowVersion - b.flowVersion || compare(a.state, b.state));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function listWritten(
  database: MemoryDatabase,
  lanes: readonly { laneId: number; sinceMs: number }[],
): RunRow[] {
  const sinceMs = new Map(lanes.map((lane) => [lane.laneId, lane.sinceMs]));
  return [...database.runs.values()]
    .filter(({ lane, writtenAtMs }) => writtenAtMs >= (sinceMs.get(lane) ?? Number.POSITIVE_INFINITY))
    .map(rowOfStoredRun);
}

/** Takes a run out of the projection, and off its counter. */
export function forgetProjected(database: MemoryDatabase, runId: string): void {
  const row = database.projection.get(runId);
  if (row === undefined) return;
  countRun(database, row, -1);
  database.projection.delete(runId);
}
