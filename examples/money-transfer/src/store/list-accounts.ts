import type { Sql } from "@sluice/host/postgres";

export interface AccountRow {
  readonly bank: "ours" | "other";
  readonly account: string;
  readonly balanceMinor: number;
}

/** All accounts; there are as many as the migration has made. */
export function listAccounts(sql: Sql): Promise<AccountRow[]> {
  return sql<AccountRow[]>`
    select 'ours' as bank, account_id as account, balance_minor as "balanceMinor"
      from money_transfer.accounts
    union all
    select 'other', account_id, coalesce(sum(amount_minor) filter (where recalled_at is null), 0)::int
      from money_transfer.other_accounts
      left join money_transfer.other_deposits using (account_id)
     group by account_id
     order by bank desc, account`;
}
