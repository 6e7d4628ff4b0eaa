import type { EventMessage } from "@sluice/contracts/envelope";
import type { TransactionSql } from "@sluice/host/postgres";

/** Keeps what was answered to a command. */
export async function updateAnswer(
  sql: TransactionSql,
  commandId: string,
  answer: EventMessage | null,
): Promise<void> {
  await sql`
    update money_transfer.other_answers
       set answer = ${JSON.stringify(answer)}::text::jsonb
     where command_id = ${commandId}`;
}
