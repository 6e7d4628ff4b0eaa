/** What participants of the proof remember: all of it, in the kit's inbox, or nothing. */
import type { Inbox } from "@sluice/engine/participant";
import { postgresInbox as inboxOfTheKit } from "@sluice/engine/postgres-inbox";
import type { Sql, TransactionSql } from "@sluice/host/postgres";

/**
 * The kit's, on the table `answers` that the proof's own migration makes: snapshots of former versions hold it too. That table knows no
 * times, and it is never pruned.
 */
export function postgresInbox(sql: Sql): Inbox<TransactionSql> {
  const { once, undo } = inboxOfTheKit(sql, { schema: "proof" });
  return { once, undo };
}

/** A participant without a memory: each delivery is carried out. */
export const NO_INBOX: Inbox = {
  once: (_commandId, work) => work(undefined),
  undo: (_commandId, _undoes, work) => work(undefined),
};
