import type { Sql } from "@sluice/host/postgres";

export interface OtherAccount {
  readonly accountId: string;
  readonly isOpen: boolean;
  /** How many answers to one deposit get lost on the way back. */
  readonly answersLost: number;
}

/** An account of the other bank, or null. */
export async function getOtherAccount(sql: Sql, accountId: string): Promise<OtherAccount | null> {
  const rows = await sql<OtherAccount[]>`
    select account_id as "accountId", is_open as "isOpen", answers_lost as "answersLost"
      from money_transfer.other_accounts
     where account_id = ${accountId}`;
  return rows[0] ?? null;
}
