import type { Fragment, PendingQuery, Row, Sql } from "postgres";
import type { BatchWrites } from "../../core/ports.ts";
import { advanceLanes } from "./advance-lanes.ts";
import { plains } from "./columns.ts";
import { deleteDeadLetters } from "./delete-dead-letters.ts";
import { deleteInbox } from "./delete-inbox.ts";
import { deleteTimers } from "./delete-timers.ts";
import { insertDeadLetters } from "./insert-dead-letters.ts";
import { insertHistory } from "./insert-history.ts";
import { insertInbox } from "./inbox.ts";
import { insertOutbox } from "./insert-outbox.ts";
import { insertTimers } from "./insert-timers.ts";
import { upsertRuns } from "./upsert-runs.ts";

/**
 * All of a batch in one statement, so that it is atomic by itself: no `begin` that could fail before it, nothing to be cut off
 * from the fence. `assert_lanes` raises when a lane did not move, which takes everything back (docs/decisions/0010-batch-writes.md).
 */
export function writeBatch(sql: Sql, writes: BatchWrites): PendingQuery<Row[]> {
  const laneIds = plains(writes.lanes.map(({ laneId }) => laneId));
  return sql`
    with ${listWrites(sql, writes)}
         moved_lanes as (${advanceLanes(sql, writes.lanes)})
    select assert_lanes(array(select unnest(${laneIds}::integer[]) except select lane_id from moved_lanes))`;
}

/** The parts of the statement that have rows. Each combination is a statement of its own to the server; few occur. */
function listWrites(sql: Sql, writes: BatchWrites): Fragment[] {
  const { runs, history, outbox, timersSet, timersCleared, deadLetters, deadLettersTaken, atMs } = writes;
  const { inboxTaken, inboxAdded } = writes;
  const parts: Fragment[] = [];
  if (runs.length > 0) parts.push(sql`written_runs as (${upsertRuns(sql, runs)}),`);
  if (history.length > 0) parts.push(sql`written_history as (${insertHistory(sql, history, atMs)}),`);
  if (outbox.length > 0) parts.push(sql`written_outbox as (${insertOutbox(sql, outbox, atMs)}),`);
  if (timersSet.length > 0) parts.push(sql`set_timers as (${insertTimers(sql, timersSet)}),`);
  if (timersCleared.length > 0) parts.push(sql`cleared_timers as (${deleteTimers(sql, timersCleared)}),`);
  if (deadLetters.length > 0)
    parts.push(sql`written_dead_letters as (${insertDeadLetters(sql, deadLetters)}),`);
  if (deadLettersTaken.length > 0)
    parts.push(sql`taken_dead_letters as (${deleteDeadLetters(sql, deadLettersTaken)}),`);
  if (inboxTaken.length > 0) parts.push(sql`taken_inbox as (${deleteInbox(sql, inboxTaken)}),`);
  if (inboxAdded.length > 0) parts.push(sql`added_inbox as (${insertInbox(sql, inboxAdded)}),`);
  return parts.length > 0 ? parts : [sql``];
}
