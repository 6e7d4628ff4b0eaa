import type { TransactionSql } from "@sluice/host/postgres";

/** Takes a deposit back, if there is one that was not taken back before. */
export async function recallDeposit(sql: TransactionSql, commandId: string): Promise<void> {
  await sql`
    update money_transfer.other_deposits
       set recalled_at = now()
     where command_id = ${commandId}
       and recalled_at is null`;
}
