import type { Sql } from "postgres";
import type { Run } from "../../core/run.ts";
import { findRuns } from "./find-runs.ts";
import { fromStoredRun, runColumns } from "./run-columns.ts";
import type { StoredRun } from "./run-columns.ts";

/** Stored runs of these ids, in no promised order; ids of no run are left out. */
export async function getRuns(sql: Sql, runIds: readonly string[]): Promise<Run[]> {
  const rows = await findRuns<StoredRun>(sql, runIds, runColumns(sql), (query) => query);
  return rows.map(fromStoredRun);
}
