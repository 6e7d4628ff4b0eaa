import type { Fragment, Sql } from "postgres";
import type { LaneStep } from "../../core/ports.ts";
import { plains } from "./columns.ts";

/** Moves lanes on by one batch; locks their rows until commit. A lane under another epoch or batch number is not among the answers. */
export function advanceLanes(sql: Sql, steps: readonly LaneStep[]): Fragment {
  return sql`
    update lanes
       set batch_number = lanes.batch_number + 1,
           outbox_position = step.outbox_position,
           published_position = step.published_position
      from unnest(
             ${plains(steps.map(({ laneId }) => laneId))}::integer[],
             ${plains(steps.map(({ epoch }) => epoch))}::bigint[],
             ${plains(steps.map(({ batchNumber }) => batchNumber))}::bigint[],
             ${plains(steps.map(({ outboxPosition }) => outboxPosition))}::bigint[],
             ${plains(steps.map(({ publishedPosition }) => publishedPosition))}::bigint[])
        as step (lane_id, epoch, batch_number, outbox_position, published_position)
     where lanes.lane_id = step.lane_id and lanes.epoch = step.epoch and lanes.batch_number = step.batch_number
    returning lanes.lane_id`;
}
