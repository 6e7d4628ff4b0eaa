import type { Fragment, Sql } from "postgres";
import { texts } from "./columns.ts";

/** Removes inbox rows that a batch has taken in. */
export function deleteInbox(sql: Sql, inboxIds: readonly string[]): Fragment {
  return sql`delete from inbox where inbox_id = any(${texts(inboxIds)}::text[])`;
}
