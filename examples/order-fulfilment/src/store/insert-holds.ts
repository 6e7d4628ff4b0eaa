import type { TransactionSql } from "@sluice/host/postgres";
import type { Hold } from "./hold.ts";

/** Stores all holds of a batch at once. */
export async function insertHolds(sql: TransactionSql, holds: readonly Hold[]): Promise<void> {
  await sql`
    insert into order_fulfilment.holds (command_id, run_id, order_id, sku, units)
    select * from unnest(
      ${holds.map(({ commandId }) => commandId)}::text[],
      ${holds.map(({ runId }) => runId)}::uuid[],
      ${holds.map(({ orderId }) => orderId)}::text[],
      ${holds.map(({ sku }) => sku)}::text[],
      ${holds.map(({ units }) => units)}::int[])`;
}
