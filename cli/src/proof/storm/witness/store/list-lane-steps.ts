import type { Sql } from "@sluice/host/postgres";
import type { LaneStep } from "../../oracle/witnessed.ts";

/** Each move of a lane, in order: the row of the lane is locked when its step gets its number. */
export async function listLaneSteps(sql: Sql): Promise<readonly LaneStep[]> {
  return sql<LaneStep[]>`
    select lane_id as "laneId", owner_id as "ownerId",
           former_epoch::float8 as "formerEpoch", epoch::float8 as epoch,
           former_batch_number::float8 as "formerBatchNumber", batch_number::float8 as "batchNumber", session
      from proof.lane_steps
     order by nth`;
}
