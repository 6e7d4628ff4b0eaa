import { decodeCursor, encodeCursor } from "../../core/cursor.ts";
import type { DeadLetterQuery, DeadLetterRow, Page } from "../../core/ports.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { rowOfStoredRun } from "./stored-run.ts";

/** By run and, within a run, in order: the order in which they are redriven. */
export function listDeadLetters(database: MemoryDatabase, query: DeadLetterQuery): Page<DeadLetterRow> {
  const after = query.cursor === undefined ? null : decodeCursor(query.cursor, ["uuid", "version"]);
  const found = storedDeadLetters(database)
    .filter((row) => query.runId === undefined || row.runId === query.runId)
    .filter((row) => query.version === undefined || row.version === query.version)
    .filter((row) => query.flow === undefined || flowOf(database, row.runId) === query.flow)
    .filter((row) => query.reason === undefined || row.reason === query.reason)
    .filter((row) => query.state === undefined || row.state === query.state)
    .filter((row) => after === null || compare(row, after[0] as string, after[1] as number) > 0)
    .sort((a, b) => compare(a, b.runId, b.version));
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  const hasMore = last !== undefined && found.length > items.length;
  return { items, cursor: hasMore ? encodeCursor([last.runId, last.version]) : null };
}

/** All dead letters of these runs, each run's in order. */
export function deadLettersOf(database: MemoryDatabase, runIds: readonly string[]): DeadLetterRow[] {
  return storedDeadLetters(database)
    .filter(({ runId }) => runIds.includes(runId))
    .sort((a, b) => compare(a, b.runId, b.version));
}

export function storedDeadLetters(database: MemoryDatabase): DeadLetterRow[] {
  return [...database.deadLetters.values()].map((text) => JSON.parse(text) as DeadLetterRow);
}

function flowOf(database: MemoryDatabase, runId: string): string | undefined {
  const stored = database.runs.get(runId);
  return stored === undefined ? undefined : rowOfStoredRun(stored).flow;
}

function compare(row: DeadLetterRow, runId: string, version: number): number {
  return row.runId === runId ? row.version - version : row.runId < runId ? -1 : 1;
}
