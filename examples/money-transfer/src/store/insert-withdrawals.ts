import type { TransactionSql } from "@sluice/host/postgres";
import type { Withdrawal } from "./withdrawal.ts";

/** Books all withdrawals of a batch at once. */
export async function insertWithdrawals(
  sql: TransactionSql,
  withdrawals: readonly Withdrawal[],
): Promise<void> {
  await sql`
    insert into money_transfer.withdrawals (command_id, run_id, account_id, amount_minor)
    select * from unnest(
      ${withdrawals.map(({ commandId }) => commandId)}::text[],
      ${withdrawals.map(({ runId }) => runId)}::uuid[],
      ${withdrawals.map(({ accountId }) => accountId)}::text[],
      ${withdrawals.map(({ amountMinor }) => amountMinor)}::int[])`;
}
