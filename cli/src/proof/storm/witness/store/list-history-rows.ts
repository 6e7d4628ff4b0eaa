import type { Sql } from "@sluice/host/postgres";

/** The history of every run as it is stored, each run's in order. */
export async function listHistoryRows(
  sql: Sql,
): Promise<readonly { readonly runId: string; readonly entries: string }[]> {
  return sql<{ runId: string; entries: string }[]>`
    select run_id as "runId", entries from sluice.history order by run_id, first_version`;
}
