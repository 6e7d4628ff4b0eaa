/**
 * Runs by their ids, whatever period they lie in. An id that grew with time (UUIDv7) tells about when its run began, and that the period; one
 * that was made from a key tells nothing, so each period is asked (docs/decisions/0019-periods.md has what that costs).
 */
import type { Fragment, PendingQuery, Sql } from "postgres";
import { plains } from "./columns.ts";

/** How far the birth of a run may be from its id: clocks of processes differ, and a start may have waited. Past it all periods are asked. */
const NEAR_MS = 3_600_000;

interface FoundRun {
  readonly runId: string;
}

/** The runs of these ids, in no promised order; ids of no run are left out. `columns` are those of `runs r`. */
export async function findRuns<Row extends FoundRun>(
  sql: Sql,
  runIds: readonly string[],
  columns: Fragment,
  execute: (query: PendingQuery<Row[]>) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const dated = runIds.filter(hasTime);
  const others = runIds.filter((runId) => !hasTime(runId));
  const found = await Promise.all([
    dated.length === 0 ? [] : execute(selectNear(sql, dated, columns)),
    others.length === 0 ? [] : execute(selectAnywhere(sql, others, columns)),
  ]);
  const known = new Set(found[0].map(({ runId }) => runId));
  const elsewhere = dated.filter((runId) => !known.has(runId));
  return elsewhere.length === 0
    ? found.flat()
    : [...found.flat(), ...(await execute(selectAnywhere(sql, elsewhere, columns)))];
}

/** Whether a UUID is of version 7, which begins with a time. */
function hasTime(runId: string): boolean {
  return runId[14] === "7";
}

function timeOf(runId: string): number {
  return Number.parseInt(runId.slice(0, 8) + runId.slice(9, 13), 16);
}

/** One look per run, into the one or two periods it may be in. The limit keeps the planner from joining whole tables. */
function selectNear<Row extends FoundRun>(
  sql: Sql,
  runIds: readonly string[],
  columns: Fragment,
): PendingQuery<Row[]> {
  return sql<Row[]>`
    select ${columns}
      from unnest(${plains(runIds)}::uuid[], ${plains(runIds.map(timeOf))}::float8[]) as given (run_id, id_ms)
     cross join lateral (
             select * from runs
              where runs.run_id = given.run_id
                and runs.created_at >= from_ms(given.id_ms - ${NEAR_MS}) and runs.created_at < from_ms(given.id_ms + ${NEAR_MS})
              limit 1) r`;
}

function selectAnywhere<Row extends FoundRun>(
  sql: Sql,
  runIds: readonly string[],
  columns: Fragment,
): PendingQuery<Row[]> {
  return sql<Row[]>`select ${columns} from runs r where r.run_id = any(${plains(runIds)}::uuid[])`;
}
