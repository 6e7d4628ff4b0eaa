import type { Sql } from "postgres";
import type { Run } from "../../core/run.ts";
import { readRunRow } from "./read-run.ts";
import { findRuns } from "./find-runs.ts";
import { runColumns } from "./run-columns.ts";
import type { StoredRun } from "./run-columns.ts";
import { requireReadable } from "./unreadable.ts";

/** Stored runs of these ids, in no promised order; ids of no run are left out. @throws FLOW_UNREADABLE (invalid) */
export async function getRuns(sql: Sql, runIds: readonly string[]): Promise<readonly Run[]> {
  return requireReadable("run", (await getStoredRuns(sql, runIds)).map(readRunRow));
}

/** The same as rows, for those to whom one that cannot be read is no reason not to read the others. */
export async function getStoredRuns(sql: Sql, runIds: readonly string[]): Promise<readonly StoredRun[]> {
  return findRuns<StoredRun>(sql, runIds, runColumns(sql), (query) => query);
}
