import type { EventMessage } from "@sluice/contracts/envelope";
import type { TransactionSql } from "postgres";

/** Keeps what was answered to a command. As text: `jsonb` refuses what JSON allows in a string. */
export async function updateAnswer(
  sql: TransactionSql,
  schema: string,
  commandId: string,
  answer: EventMessage | null,
): Promise<void> {
  await sql`
    update ${sql(schema)}.answers
       set answer = ${JSON.stringify(answer)}
     where command_id = ${commandId}`;
}
