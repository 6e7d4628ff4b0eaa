import type { EventMessage } from "@sluice/contracts/envelope";
import type { AnySql } from "../any-sql.ts";

/** Keeps what was answered to a command. */
export async function updateAnswer(
  sql: AnySql,
  commandId: string,
  answer: EventMessage | null,
): Promise<void> {
  await sql`update proof.answers set answer = ${JSON.stringify(answer)} where command_id = ${commandId}`;
}
