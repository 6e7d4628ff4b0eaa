import type { Fragment, Sql } from "postgres";
import type { DeadLetterRow } from "../../core/ports.ts";
import { plains } from "./columns.ts";

/** Removes dead letters that were taken in again or dropped, by their whole key. */
export function deleteDeadLetters(
  sql: Sql,
  rows: readonly Pick<DeadLetterRow, "runId" | "version">[],
): Fragment {
  return sql`
    delete from dead_letters
     using unnest(
             ${plains(rows.map(({ runId }) => runId))}::uuid[],
             ${plains(rows.map(({ version }) => version))}::integer[])
        as given (run_id, version)
     where dead_letters.run_id = given.run_id and dead_letters.version = given.version`;
}
