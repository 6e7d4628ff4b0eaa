import type { TransactionSql } from "@sluice/host/postgres";

/** Money taken for one period, known by the run of its invoice. */
export interface Charge {
  readonly runId: string;
  readonly customerId: string;
  readonly period: number;
  readonly amountMinor: number;
}

/** Stores all charges of a batch at once. */
export async function insertCharges(sql: TransactionSql, charges: readonly Charge[]): Promise<void> {
  await sql`
    insert into subscription.charges (run_id, customer_id, period, amount_minor)
    select * from unnest(
      ${charges.map(({ runId }) => runId)}::uuid[],
      ${charges.map(({ customerId }) => customerId)}::text[],
      ${charges.map(({ period }) => period)}::int[],
      ${charges.map(({ amountMinor }) => amountMinor)}::int[])`;
}
