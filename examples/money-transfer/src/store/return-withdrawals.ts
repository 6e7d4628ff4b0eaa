import type { TransactionSql } from "@sluice/host/postgres";
import type { Withdrawal } from "./withdrawal.ts";

/** Marks withdrawals as returned; answers those that were not before. */
export function returnWithdrawals(
  sql: TransactionSql,
  commandIds: readonly string[],
): Promise<Pick<Withdrawal, "accountId" | "amountMinor">[]> {
  return sql<Pick<Withdrawal, "accountId" | "amountMinor">[]>`
    update money_transfer.withdrawals
       set returned_at = now()
     where command_id = any(${commandIds}::text[])
       and returned_at is null
    returning account_id as "accountId", amount_minor as "amountMinor"`;
}
