import type { TransactionSql } from "@sluice/host/postgres";

export interface Totals {
  readonly charges: number;
  readonly amountMinor: number;
}

/** Puts all charges before a due time that stand in no report yet into that one; answers what they add up to. */
export async function reportCharges(sql: TransactionSql, dueAt: string): Promise<Totals> {
  const rows = await sql<Totals[]>`
    with reported as (
      update subscription.charges
         set reported_at = ${dueAt}::timestamptz
       where reported_at is null
         and charged_at < ${dueAt}::timestamptz
      returning amount_minor)
    select count(*)::int as charges, coalesce(sum(amount_minor), 0)::int as "amountMinor"
      from reported`;
  return rows[0] ?? { charges: 0, amountMinor: 0 };
}
