import type { Fragment, Sql } from "postgres";
import type { LoadedRun } from "../../core/ports.ts";
import { fromSeenTexts } from "./insert-history.ts";
import { fromStoredRun, runColumns } from "./run-columns.ts";
import type { StoredRun } from "./run-columns.ts";

export interface SeenRun extends StoredRun {
  readonly seen: string | null;
}

/** The columns of `runs r` with the event ids that their history has seen. History lies in the period of its run. */
export function seenRunColumns(sql: Sql): Fragment {
  return sql`
    ${runColumns(sql)}, (
      select string_agg(h.seen, ',' order by h.first_version)
        from history h
       where h.run_id = r.run_id and h.created_at = r.created_at and h.seen is not null) as seen`;
}

export function fromSeenRun({ seen, ...stored }: SeenRun): LoadedRun {
  return { run: fromStoredRun(stored), seen: fromSeenTexts(seen) };
}
