import type { Sql } from "postgres";
import { plains } from "./columns.ts";

/** Gives lanes up; one that is under another epoch by now is left alone. */
export async function leaveLanes(
  sql: Sql,
  engineId: string,
  lanes: readonly { laneId: number; epoch: number }[],
): Promise<void> {
  await sql`
    update lanes set owner_id = null
      from unnest(${plains(lanes.map(({ laneId }) => laneId))}::integer[],
                  ${plains(lanes.map(({ epoch }) => epoch))}::bigint[]) as left_lane (lane_id, epoch)
     where lanes.lane_id = left_lane.lane_id and lanes.epoch = left_lane.epoch and lanes.owner_id = ${engineId}`;
}

/** The engine is gone: whatever it still holds is free at once. */
export async function leave(sql: Sql, engineId: string): Promise<void> {
  await sql`
    with left_engine as (delete from engines where engine_id = ${engineId})
    update lanes set owner_id = null where owner_id = ${engineId}`;
}
