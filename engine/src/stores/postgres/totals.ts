import type { Sql } from "postgres";
import { STUCK_MS } from "../../core/ports.ts";
import type { StoreTotals } from "../../core/ports.ts";

/** Beyond this many rows a count only says "many", and counting on would cost more than it tells. */
const COUNT_MAX = 100_000;

/** What waits. The outbox is told by the lanes' positions; rows are counted up to COUNT_MAX. */
export async function totals(sql: Sql): Promise<StoreTotals> {
  const [row] = await sql<[StoreTotals]>`
    select (select coalesce(sum(outbox_position - published_position), 0)::float8 from lanes) as "outboxDepth",
           (select coalesce(greatest(0, floor(to_ms(clock_timestamp()) - to_ms(min(oldest.at)))), 0)
              from lanes l
             cross join lateral (
                     select at from outbox o
                      where o.lane = l.lane_id and o.position > l.published_position
                      order by o.position limit 1) oldest) as "outboxAgeMs",
           (select count(*)::float8 from (
              select from lanes l
               cross join lateral (
                       select from timers t where t.lane = l.lane_id and t.due_at <= clock_timestamp() limit ${COUNT_MAX}) t
               limit ${COUNT_MAX}) due) as "timersDue",
           (select count(*)::float8 from (select from timers limit ${COUNT_MAX}) t) as timers,
           (select count(*)::float8 from (select from inbox limit ${COUNT_MAX}) i) as inbox,
           (select count(*)::float8 from (select from dead_letters limit ${COUNT_MAX}) d) as "deadLetters",
           (select coalesce(sum(parked), 0)::float8 from state_counts) as "parkedRuns",
           (select count(*)::float8 from (
              select from run_search
               where outcome is null and parked is null and entered_at <= clock_timestamp() - ${STUCK_MS} * interval '1 ms'
               limit ${COUNT_MAX}) s) as "stuckRuns"`;
  return row;
}
