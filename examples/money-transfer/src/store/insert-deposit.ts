import type { TransactionSql } from "@sluice/host/postgres";

/** A deposit, known by the command that asked for it. */
export interface Deposit {
  readonly commandId: string;
  readonly runId: string;
  readonly accountId: string;
  readonly amountMinor: number;
}

/** Books a deposit at the other bank. */
export async function insertDeposit(sql: TransactionSql, deposit: Deposit): Promise<void> {
  await sql`
    insert into money_transfer.other_deposits (command_id, run_id, account_id, amount_minor)
    values (${deposit.commandId}, ${deposit.runId}, ${deposit.accountId}, ${deposit.amountMinor})`;
}
