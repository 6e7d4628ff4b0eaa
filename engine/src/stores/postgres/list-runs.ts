import type { Fragment, Sql } from "postgres";
import { decodeCursor, encodeCursor } from "../../core/cursor.ts";
import type { Page, RunQuery, RunRow } from "../../core/ports.ts";
import { clampMs } from "./clamp-ms.ts";
import { runRowColumns } from "./run-columns.ts";

/** Newest first. The key of a page is (created_at, run_id): neither ever changes, so nothing moves between pages. */
export async function listRuns(sql: Sql, query: RunQuery): Promise<Page<RunRow>> {
  const { flow, state, businessState, key, outcome } = query;
  if (![flow, state, businessState, key, outcome].every(isStorable)) return { items: [], cursor: null };
  const rows = await sql<RunRow[]>`${selectRuns(sql, query)}`;
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  const hasMore = last !== undefined && rows.length > items.length;
  return { items, cursor: hasMore ? encodeCursor([last.createdAtMs, last.runId]) : null };
}

/** No text in Postgres has a NUL, so nothing is found for one. */
function isStorable(text: string | undefined): boolean {
  return text === undefined || !text.includes("\u0000");
}

function selectRuns(sql: Sql, query: RunQuery): Fragment {
  return query.isOpen === true && !isNarrow(query)
    ? selectOpenRuns(sql, query)
    : selectNewest(sql, query, runRowColumns(sql), sql`true`);
}

function selectNewest(sql: Sql, query: RunQuery, columns: Fragment, more: Fragment): Fragment {
  return sql`
    select ${columns}
      from run_search s
     where ${more} and ${listConditions(sql, query)}
     order by s.created_at desc, s.run_id desc
     limit ${query.limit + 1}`;
}

/** Whether an index that few open runs are in finds them. */
function isNarrow({ key, parked, parkReason }: RunQuery): boolean {
  return key !== undefined || parked === true || parkReason !== undefined;
}

/**
 * Of each version of each flow the newest, and of these the newest: so an index of open runs by version has them in their order, and runs that
 * have ended, or are of other versions, are not read, however many they are. Which versions have runs the counters know.
 */
function selectOpenRuns(sql: Sql, query: RunQuery): Fragment {
  const { flow, flowVersion, flowVersionBelow } = query;
  const ofVersion = sql`s.flow = v.flow and s.flow_version = v.flow_version`;
  return sql`
    select ${runRowColumns(sql)}
      from (select distinct c.flow, c.flow_version
              from state_counts c
             where c.runs > 0
               ${flow === undefined ? sql`` : sql`and c.flow = ${flow}`}
               ${flowVersion === undefined ? sql`` : sql`and c.flow_version = ${flowVersion}`}
               ${flowVersionBelow === undefined ? sql`` : sql`and c.flow_version < ${flowVersionBelow}`}) v
     cross join lateral (${selectNewest(sql, query, sql`s.*`, ofVersion)}) s
     order by s.created_at desc, s.run_id desc
     limit ${query.limit + 1}`;
}

/** One condition per filter that is given, each of which an index of run_search knows. */
function listConditions(sql: Sql, query: RunQuery): Fragment[] {
  const {
    flow,
    flowVersion,
    flowVersionBelow,
    isOpen,
    state,
    businessState,
    key,
    outcome,
    parked,
    parkReason,
  } = query;
  const { stuckForMs, updatedSinceMs, cursor } = query;
  const conditions: Fragment[] = [sql`true`];
  if (isOpen === true) conditions.push(sql`and s.outcome is null`);
  if (flowVersion !== undefined) conditions.push(sql`and s.flow_version = ${flowVersion}`);
  if (flowVersionBelow !== undefined) conditions.push(sql`and s.flow_version < ${flowVersionBelow}`);
  if (flow !== undefined) conditions.push(sql`and s.flow = ${flow}`);
  if (state !== undefined) conditions.push(sql`and s.state = ${state}`);
  if (businessState !== undefined) conditions.push(sql`and s.business_state = ${businessState}`);
  if (key !== undefined) conditions.push(sql`and s.key = ${key}`);
  if (outcome !== undefined) conditions.push(sql`and s.outcome = ${outcome}`);
  if (parked !== undefined)
    conditions.push(parked ? sql`and s.parked is not null` : sql`and s.parked is null`);
  if (parkReason !== undefined) conditions.push(sql`and s.parked = ${parkReason}`);
  if (stuckForMs !== undefined) {
    const forMs = clampMs(stuckForMs);
    conditions.push(
      sql`and s.outcome is null and s.entered_at <= from_ms(greatest(0, to_ms(now()) - ${forMs}))`,
    );
  }
  if (updatedSinceMs !== undefined)
    conditions.push(sql`and s.updated_at >= from_ms(${clampMs(updatedSinceMs)})`);
  if (cursor !== undefined) {
    const [createdAtMs, runId] = decodeCursor(cursor, ["time", "uuid"]);
    conditions.push(
      sql`and (s.created_at, s.run_id) < (from_ms(${createdAtMs as number}), ${runId as string}::uuid)`,
    );
  }
  return conditions;
}
