import type { Sql } from "postgres";
import type { Run } from "../../core/run.ts";
import { plains } from "./columns.ts";
import { fromStoredRun, runColumns } from "./run-columns.ts";
import type { StoredRun } from "./run-columns.ts";

/** Stored runs of these ids, in no promised order; ids of no run are left out. */
export async function getRuns(sql: Sql, runIds: readonly string[]): Promise<Run[]> {
  if (runIds.length === 0) return [];
  const rows = await sql<StoredRun[]>`
    select ${runColumns(sql)} from runs r where r.run_id = any(${plains(runIds)}::uuid[])`;
  return rows.map(fromStoredRun);
}
