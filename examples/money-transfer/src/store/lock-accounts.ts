import type { TransactionSql } from "@sluice/host/postgres";

export interface LockedAccount {
  readonly accountId: string;
  readonly balanceMinor: number;
}

/** Locks accounts of our bank until the end of the transaction, in the order of their ids. */
export function lockAccounts(sql: TransactionSql, accountIds: readonly string[]): Promise<LockedAccount[]> {
  return sql<LockedAccount[]>`
    select account_id as "accountId", balance_minor as "balanceMinor"
      from money_transfer.accounts
     where account_id = any(${accountIds}::text[])
     order by account_id
       for no key update`;
}
