import type { Sql } from "@sluice/host/postgres";

/** The lanes that an engine owns now. */
export async function listLanesOf(sql: Sql, engineId: string): Promise<readonly number[]> {
  const rows = await sql<{ laneId: number }[]>`
    select lane_id as "laneId" from sluice.lanes where owner_id = ${engineId}`;
  return rows.map(({ laneId }) => laneId);
}
