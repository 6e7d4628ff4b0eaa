/**
 * The inbox of a service in its own database: what was answered to a command is committed with its effect, so the effect happens once,
 * however often the command comes and whichever process takes it in. Owns: the table `answers` of its schema. Does not own: the pool.
 * X1  The first statement of each transaction claims the command's row; a repeat waits there, and finds the answer afterwards.
 * X2  An undo claims the row of what it takes back as well: it waits while that is under way, and what comes later is refused.
 * X3  What is forgotten is older than any repeat; `keptDays` says how old that is.
 */
import type { EventMessage } from "@sluice/contracts/envelope";
import type { Sql, TransactionSql } from "postgres";
import { engineError } from "../../core/errors.ts";
import type { Inbox } from "../../participant/inbox.ts";
import { claimAnswer } from "./claim-answer.ts";
import { deleteAnswers } from "./delete-answers.ts";
import { getAnswer } from "./get-answer.ts";
import { resolvePostgresInboxOptions } from "./options.ts";
import type { PostgresInboxOptions } from "./options.ts";
import { undoAnswer } from "./undo-answer.ts";
import { updateAnswer } from "./update-answer.ts";

export interface PostgresInbox extends Inbox<TransactionSql> {
  /**
   * Forgets what is older than `keptDays`, the oldest first and at most `rowsMax`, and answers how many there were. Any process may call it at
   * any time; what another one is forgetting is left to it. `serveCommands` calls it by itself.
   */
  prune(rowsMax?: number): Promise<number>;
}

type Work = (transaction: TransactionSql) => Promise<EventMessage | null>;

/** Rows that one statement forgets: few enough that nobody waits for it. */
const STATEMENT_ROWS_MAX = 1_000;

/**
 * An inbox over a pool of postgres.js. A handler gets the transaction in which its answer is kept, and writes its effect there. A command
 * under way takes one connection of the pool, and so does each repeat that waits for it.
 * @throws FLOW_BAD_OPTION (invalid); its functions throw FLOW_COMMAND_UNDONE (conflict), and what the database and the handler throw
 * @see docs/guides/participants.md
 */
export function postgresInbox(sql: Sql, options: PostgresInboxOptions = {}): PostgresInbox {
  const { schema, keptDays } = resolvePostgresInboxOptions(options);
  const once = (commandId: string, work: Work): Promise<EventMessage | null> =>
    inTransaction(sql, (transaction) => answerOnce(transaction, schema, commandId, work));
  return {
    once,
    undo: (commandId, undoes, work) =>
      once(commandId, async (transaction) => {
        await undoAnswer(transaction, schema, undoes, commandId);
        return work(transaction);
      }),
    async prune(rowsMax = Number.MAX_SAFE_INTEGER) {
      for (let pruned = 0; ;) {
        const wanted = Math.min(STATEMENT_ROWS_MAX, rowsMax - pruned);
        const rows = await deleteAnswers(sql, schema, keptDays, wanted);
        pruned += rows;
        if (rows < wanted || pruned >= rowsMax) return pruned;
      }
    },
  };
}

async function answerOnce(
  transaction: TransactionSql,
  schema: string,
  commandId: string,
  work: Work,
): Promise<EventMessage | null> {
  if (await claimAnswer(transaction, schema, commandId)) {
    // A handler in JavaScript may return nothing at all, which says that the answer comes later.
    const answer = (await work(transaction)) ?? null;
    await updateAnswer(transaction, schema, commandId, answer);
    return answer;
  }
  const kept = await getAnswer(transaction, schema, commandId);
  if (kept !== null && kept.undoneBy === null) return kept.answer;
  throw engineError(
    "FLOW_COMMAND_UNDONE",
    `command ${commandId} was taken back; it is not carried out, and needs no answer any more`,
  );
}

/** What `begin` of the driver answers is typed for queries; ours answers what `work` does. */
async function inTransaction(sql: Sql, work: Work): Promise<EventMessage | null> {
  return (await sql.begin(work)) as EventMessage | null;
}
