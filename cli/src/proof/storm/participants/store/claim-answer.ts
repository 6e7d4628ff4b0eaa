import type { AnySql } from "../any-sql.ts";

/**
 * Makes room for the answer to a command; `false` when there was one already. Whoever comes while another transaction carries the same
 * command out waits here for its end: the conflicting insert does.
 */
export async function claimAnswer(sql: AnySql, commandId: string): Promise<boolean> {
  const rows = await sql`
    insert into proof.answers (command_id) values (${commandId})
    on conflict (command_id) do nothing
    returning command_id`;
  return rows.length === 1;
}
