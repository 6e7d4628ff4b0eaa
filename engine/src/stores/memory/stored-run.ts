import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { HistoryEntry } from "../../core/history.ts";
import type { RunRow } from "../../core/ports.ts";
import { toRunRow } from "../../core/run-row.ts";
import type { Run } from "../../core/run.ts";
import type { MemoryDatabase, MemoryRun } from "./memory-database.ts";

export function toStoredRun(run: Run, writtenAtMs: number): MemoryRun {
  return { lane: run.lane, text: JSON.stringify({ ...run, data: null }), writtenAtMs };
}

export function fromStoredRun(stored: MemoryRun): Run {
  const run = JSON.parse(stored.text) as Run;
  return { ...run, data: JSON.parse(run.dataText) as JsonObject };
}

/** What lists show of it, for which its data need not be read. */
export function rowOfStoredRun(stored: MemoryRun): RunRow {
  return toRunRow(JSON.parse(stored.text) as Run);
}

export function historyOf(database: MemoryDatabase, runId: string): HistoryEntry[] {
  return (database.history.get(runId) ?? []).map((text) => JSON.parse(text) as HistoryEntry);
}

/** A frozen copy of a flat row. */
export function copyRow<T extends Record<keyof T, Json>>(row: T): T {
  return Object.freeze({ ...row });
}
