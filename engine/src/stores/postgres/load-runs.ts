import type { PendingQuery, Sql } from "postgres";
import type { LoadedRun } from "../../core/ports.ts";
import { plains } from "./columns.ts";
import { fromSeenTexts } from "./insert-history.ts";
import { fromStoredRun, runColumns } from "./run-columns.ts";
import type { StoredRun } from "./run-columns.ts";

interface SeenRun extends StoredRun {
  readonly seen: string | null;
}

/**
 * Runs with the event ids their history has seen. History is looked up in the days the run has lived only; an hour on both sides is
 * more than the clocks of two owners can differ.
 */
export function selectSeenRuns(sql: Sql, runIds: readonly string[]): PendingQuery<SeenRun[]> {
  return sql<SeenRun[]>`
    select ${runColumns(sql)}, (
             select string_agg(h.seen, ',' order by h.first_version)
               from history h
              where h.run_id = r.run_id and h.seen is not null
                and h.at between r.created_at - interval '1 hour' and r.updated_at + interval '1 hour') as seen
      from runs r
     where r.run_id = any(${plains(runIds)}::uuid[])`;
}

export function fromSeenRun({ seen, ...stored }: SeenRun): LoadedRun {
  return { run: fromStoredRun(stored), seen: fromSeenTexts(seen) };
}
