import type { Sql } from "postgres";
import type { RunRow, Store } from "../../core/ports.ts";
import { isIn } from "../../core/period.ts";
import { plains, texts } from "./columns.ts";
import { PERIOD_NAME_LENGTH, listPeriods } from "./periods.ts";

type Complete = Parameters<Store["project"]>[1];

/**
 * Projects the runs that are stored. One that was dropped while its last change waited here is left out: its period is gone, for which
 * Postgres refuses the statement.
 */
export async function projectStored(
  withSql: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>,
  rows: readonly RunRow[],
  complete: Complete,
): Promise<void> {
  try {
    await withSql((sql) => project(sql, rows, complete));
  } catch (error) {
    if (!isPeriodMissing(error)) throw error;
    await withSql(async (sql) => {
      const periods = await listPeriods(sql);
      const stored = rows.filter(({ createdAtMs }) => periods.some((period) => isIn(period, createdAtMs)));
      await project(sql, stored, complete);
    });
  }
}

/** What Postgres raises for a row that no partition takes: a broken constraint of the table that has no name. */
function isPeriodMissing(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "23514";
}

/**
 * Brings the projection up to newer versions, moves the counters by what changed, and notes how far each lane is complete.
 * One statement. Rows and counters are locked in the order of their keys, so that two projectors wait and do not deadlock;
 * each updated row carries what it was counted as before (`former_…`), so that whoever comes second subtracts the right thing.
 */
async function project(sql: Sql, rows: readonly RunRow[], complete: Complete): Promise<void> {
  const newest = newestRows(rows);
  await sql`
    with written as (
      insert into run_search as s (run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked,
                                   created_at, entered_at, updated_at)
      select run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked,
             from_ms(created_ms), from_ms(entered_ms), from_ms(updated_ms)
        from unnest(
               ${plains(newest.map(({ runId }) => runId))}::uuid[],
               ${texts(newest.map(({ flow }) => flow))}::text[],
               ${plains(newest.map(({ flowVersion }) => flowVersion))}::integer[],
               ${texts(newest.map(({ key }) => key))}::text[],
               ${plains(newest.map(({ lane }) => lane))}::integer[],
               ${plains(newest.map(({ version }) => version))}::integer[],
               ${texts(newest.map(({ state }) => state))}::text[],
               ${texts(newest.map(({ businessState }) => businessState))}::text[],
               ${texts(newest.map(({ outcome }) => outcome))}::text[],
               ${texts(newest.map(({ parked }) => parked))}::text[],
               ${plains(newest.map(({ createdAtMs }) => createdAtMs))}::float8[],
               ${plains(newest.map(({ enteredAtMs }) => enteredAtMs))}::float8[],
               ${plains(newest.map(({ updatedAtMs }) => updatedAtMs))}::float8[])
          as given (run_id, flow, flow_version, key, lane, version, state, business_state, outcome, parked,
                    created_ms, entered_ms, updated_ms)
      on conflict (created_at, run_id) do update set
        flow_version = excluded.flow_version, version = excluded.version, state = excluded.state,
        business_state = excluded.business_state, outcome = excluded.outcome, parked = excluded.parked,
        entered_at = excluded.entered_at, updated_at = excluded.updated_at,
        former_flow_version = s.flow_version, former_state = s.state, was_parked = s.parked is not null
      where s.version < excluded.version
      returning s.*, right(s.tableoid::regclass::text, ${PERIOD_NAME_LENGTH}) as period
    ), moved as (
      select period, lane, flow, flow_version, state, 1 as runs, (parked is not null)::integer as parked from written
      union all
      select period, lane, flow, former_flow_version, former_state, -1, -was_parked::integer from written
       where former_state is not null
    ), changes as (
      select period, lane, flow, flow_version, state, sum(runs) as runs, sum(parked) as parked
        from moved
       group by period, lane, flow, flow_version, state
      having sum(runs) <> 0 or sum(parked) <> 0
    ), counted as (
      insert into state_counts as c (period, lane, flow, flow_version, state, runs, parked)
      select * from changes order by period, lane, flow, flow_version, state
      on conflict (period, lane, flow, flow_version, state) do update set
        runs = c.runs + excluded.runs, parked = c.parked + excluded.parked
    )
    update lane_projections p
       set projected_at = greatest(p.projected_at, from_ms(done.until_ms))
      from unnest(
             ${plains(complete.map(({ laneId }) => laneId))}::integer[],
             ${plains(complete.map(({ epoch }) => epoch))}::bigint[],
             ${plains(complete.map(({ untilMs }) => untilMs))}::float8[]) as done (lane_id, epoch, until_ms)
      join lanes l using (lane_id, epoch)
     where p.lane_id = done.lane_id`;
}

/** One row per run, in the order of the key. */
function newestRows(rows: readonly RunRow[]): RunRow[] {
  const newest = new Map<string, RunRow>();
  for (const row of rows) {
    if ((newest.get(row.runId)?.version ?? 0) < row.version) newest.set(row.runId, row);
  }
  return [...newest.values()].sort((a, b) => (a.runId < b.runId ? -1 : 1));
}
