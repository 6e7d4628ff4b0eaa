import type { EventMessage } from "@sluice/contracts/envelope";
import type { TransactionSql } from "@sluice/host/postgres";

export interface KeptAnswer {
  readonly answer: EventMessage | null;
  /** The command that took this one back. */
  readonly undoneBy: string | null;
}

/** What was answered to a command before. */
export async function getAnswer(sql: TransactionSql, commandId: string): Promise<KeptAnswer | null> {
  const rows = await sql<KeptAnswer[]>`
    select answer, undone_by as "undoneBy"
      from money_transfer.other_answers
     where command_id = ${commandId}`;
  return rows[0] ?? null;
}
