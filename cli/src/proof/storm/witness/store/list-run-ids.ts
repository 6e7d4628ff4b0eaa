import type { Sql } from "@sluice/host/postgres";

export async function listRunIds(sql: Sql): Promise<readonly string[]> {
  const rows = await sql<{ runId: string }[]>`select run_id as "runId" from sluice.runs order by run_id`;
  return rows.map(({ runId }) => runId);
}
