import type { TransactionSql } from "postgres";

/**
 * Makes room for the answer to a command; `false` when there was one already. Whoever comes while another transaction carries the same
 * command out waits here for its end: the conflicting insert does.
 */
export async function claimAnswer(sql: TransactionSql, schema: string, commandId: string): Promise<boolean> {
  const rows = await sql`
    insert into ${sql(schema)}.answers (command_id)
    values (${commandId})
    on conflict (command_id) do nothing
    returning command_id`;
  return rows.length === 1;
}
