import type { Sql } from "postgres";
import type { RunRow } from "../../core/ports.ts";
import { clampMs } from "./clamp-ms.ts";
import { plains } from "./columns.ts";
import { runRowColumns } from "./run-columns.ts";

/**
 * A batch carries its owner's idea of the database's time, and the next owner may be a little behind: what was written shortly
 * before is projected once more, which changes nothing.
 */
const CLOCK_SLACK_MS = 5_000;

/** Runs of these lanes with history since a time: in each period the block ranges of the index on `at`, then one look per run. */
export async function listWritten(
  sql: Sql,
  lanes: readonly { laneId: number; sinceMs: number }[],
): Promise<RunRow[]> {
  if (lanes.length === 0) return [];
  const sinceMs = lanes.map((lane) => clampMs(lane.sinceMs - CLOCK_SLACK_MS));
  const rows = await sql<RunRow[]>`
    select ${runRowColumns(sql)}
      from (
             select distinct h.run_id, h.created_at
               from history h
               join unnest(${plains(lanes.map(({ laneId }) => laneId))}::integer[], ${plains(sinceMs)}::float8[])
                      as asked (lane, since_ms) on h.lane = asked.lane and h.at >= from_ms(asked.since_ms)
              where h.at >= from_ms(${Math.min(...sinceMs)})) as written
     cross join lateral (
             select * from runs where runs.run_id = written.run_id and runs.created_at = written.created_at limit 1) s`;
  return [...rows];
}
