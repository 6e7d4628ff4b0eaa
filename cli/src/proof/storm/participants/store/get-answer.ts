import type { EventMessage } from "@sluice/contracts/envelope";
import type { AnySql } from "../any-sql.ts";

export interface KeptAnswer {
  readonly answer: EventMessage | null;
  /** The command that took this one back. */
  readonly undoneBy: string | null;
}

/** What was answered to a command before. */
export async function getAnswer(sql: AnySql, commandId: string): Promise<KeptAnswer | null> {
  const [row] = await sql<{ answer: string | null; undoneBy: string | null }[]>`
    select answer, undone_by as "undoneBy" from proof.answers where command_id = ${commandId}`;
  if (row === undefined) return null;
  const { answer, undoneBy } = row;
  return { answer: answer === null ? null : (JSON.parse(answer) as EventMessage | null), undoneBy };
}
