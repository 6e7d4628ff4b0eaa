import type { EventMessage } from "@sluice/contracts/envelope";
import type { TransactionSql } from "postgres";

export interface KeptAnswer {
  readonly answer: EventMessage | null;
  /** The command that took this one back. */
  readonly undoneBy: string | null;
}

/** What was answered to a command before. */
export async function getAnswer(
  sql: TransactionSql,
  schema: string,
  commandId: string,
): Promise<KeptAnswer | null> {
  const rows = await sql<{ answer: string | null; undoneBy: string | null }[]>`
    select answer, undone_by as "undoneBy"
      from ${sql(schema)}.answers
     where command_id = ${commandId}`;
  const [row] = rows;
  if (row === undefined) return null;
  return { undoneBy: row.undoneBy, answer: JSON.parse(row.answer ?? "null") as EventMessage | null };
}
