import type { TransactionSql } from "@sluice/host/postgres";

/** Adds to balances of our bank, which the transaction has locked: one row version per account, however many bookings that are. */
export async function addToBalances(
  sql: TransactionSql,
  minorByAccount: ReadonlyMap<string, number>,
): Promise<void> {
  await sql`
    update money_transfer.accounts
       set balance_minor = balance_minor + added.minor
      from unnest(${[...minorByAccount.keys()]}::text[], ${[...minorByAccount.values()]}::int[]) as added (account_id, minor)
     where accounts.account_id = added.account_id`;
}
