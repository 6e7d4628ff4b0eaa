import type { Fragment, Sql } from "postgres";
import type { LoadedRun } from "../../core/ports.ts";
import { fromSeenTexts } from "./insert-history.ts";
import { readRunRow } from "./read-run.ts";
import { runColumns } from "./run-columns.ts";
import type { StoredRun } from "./run-columns.ts";
import type { ReadRow } from "./unreadable.ts";

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

export function readSeenRun({ seen: seenText, ...stored }: SeenRun): ReadRow<LoadedRun> & {
  readonly id: string;
} {
  const { id, value: run, fault } = readRunRow(stored);
  if (fault !== null) return { id, value: null, fault };
  const seen = fromSeenTexts(seenText);
  return seen === null
    ? { id, value: null, fault: "history: column seen is no list of the events that were taken in" }
    : { id, value: { run, seen }, fault: null };
}
