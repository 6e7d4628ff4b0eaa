/**
 * An inbox in a database, as a service of its own would keep one: what was answered to a command is committed with its effect, so the
 * effect happens once, however often the command comes and whichever process takes it in.
 * X1  The first statement of each transaction claims the command's row; a repeat waits there, and finds the answer afterwards.
 * X2  An undo claims the row of what it takes back as well: it waits while that is under way, and what comes later is refused.
 */
import type { EventMessage } from "@sluice/contracts/envelope";
import { engineError } from "@sluice/engine";
import type { Inbox } from "@sluice/engine/participant";
import type { Sql, TransactionSql } from "@sluice/host/postgres";
import { claimAnswer } from "./store/claim-answer.ts";
import { getAnswer } from "./store/get-answer.ts";
import { undoAnswer } from "./store/undo-answer.ts";
import { updateAnswer } from "./store/update-answer.ts";

type Work = (transaction: TransactionSql) => Promise<EventMessage | null>;

export function postgresInbox(sql: Sql): Inbox<TransactionSql> {
  return {
    once: (commandId, work) => inTransaction(sql, (transaction) => answerOnce(transaction, commandId, work)),
    undo: (commandId, undoes, work) =>
      inTransaction(sql, (transaction) =>
        answerOnce(transaction, commandId, async () => {
          await undoAnswer(transaction, undoes, commandId);
          return work(transaction);
        }),
      ),
  };
}

async function answerOnce(
  transaction: TransactionSql,
  commandId: string,
  work: Work,
): Promise<EventMessage | null> {
  if (await claimAnswer(transaction, commandId)) {
    const answer = await work(transaction);
    await updateAnswer(transaction, commandId, answer);
    return answer;
  }
  const kept = await getAnswer(transaction, commandId);
  if (kept !== null && kept.undoneBy === null) return kept.answer;
  throw engineError("FLOW_COMMAND_UNDONE", `command ${commandId} was taken back before it came`);
}

async function inTransaction(sql: Sql, work: Work): Promise<EventMessage | null> {
  return (await sql.begin(work)) as EventMessage | null;
}

/** A participant without a memory: each delivery is carried out. */
export const NO_INBOX: Inbox = {
  once: (_commandId, work) => work(undefined),
  undo: (_commandId, _undoes, work) => work(undefined),
};
