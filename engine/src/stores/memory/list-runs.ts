import { decodeCursor, encodeCursor } from "../../core/cursor.ts";
import type { Page, RunQuery, RunRow } from "../../core/ports.ts";
import type { MemoryDatabase } from "./memory-database.ts";

/** Newest first. The key of a page is (created, id): neither ever changes, so nothing moves between pages. */
export function listRuns(database: MemoryDatabase, query: RunQuery): Page<RunRow> {
  const after = query.cursor === undefined ? null : decodeCursor(query.cursor, ["time", "uuid"]);
  const found = [...database.projection.values()]
    .filter((row) => matches(row, query, database.nowMs()))
    .filter((row) => after === null || isBehind(row, after[0] as number, after[1] as string))
    .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.runId < b.runId ? 1 : -1));
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  const hasMore = last !== undefined && found.length > items.length;
  return { items, cursor: hasMore ? encodeCursor([last.createdAtMs, last.runId]) : null };
}

function isBehind(row: RunRow, createdAtMs: number, runId: string): boolean {
  return row.createdAtMs < createdAtMs || (row.createdAtMs === createdAtMs && row.runId < runId);
}

function matches(row: RunRow, query: RunQuery, nowMs: number): boolean {
  const isStuck = (forMs: number): boolean => row.outcome === null && row.enteredAtMs <= nowMs - forMs;
  return (
    (query.flow === undefined || row.flow === query.flow) &&
    (query.isOpen !== true || row.outcome === null) &&
    (query.flowVersion === undefined || row.flowVersion === query.flowVersion) &&
    (query.flowVersionBelow === undefined || row.flowVersion < query.flowVersionBelow) &&
    (query.state === undefined || row.state === query.state) &&
    (query.businessState === undefined || row.businessState === query.businessState) &&
    (query.key === undefined || row.key === query.key) &&
    (query.outcome === undefined || row.outcome === query.outcome) &&
    (query.parked === undefined || (row.parked !== null) === query.parked) &&
    (query.parkReason === undefined || row.parked === query.parkReason) &&
    (query.stuckForMs === undefined || isStuck(query.stuckForMs)) &&
    (query.updatedSinceMs === undefined || row.updatedAtMs >= query.updatedSinceMs)
  );
}
