import type { TransactionSql } from "@sluice/host/postgres";

/**
 * Makes room for the answer to a command; `false` when there was one already. Whoever comes while another transaction carries the same
 * command out waits here for its end: the conflicting insert does.
 */
export async function claimAnswer(sql: TransactionSql, commandId: string): Promise<boolean> {
  const rows = await sql`
    insert into money_transfer.other_answers (command_id)
    values (${commandId})
    on conflict (command_id) do nothing
    returning command_id`;
  return rows.length === 1;
}
