import type { TransactionSql } from "@sluice/host/postgres";

/** Adds to the available units of articles, which the transaction has locked. */
export async function addToStock(
  sql: TransactionSql,
  unitsBySku: ReadonlyMap<string, number>,
): Promise<void> {
  await sql`
    update order_fulfilment.stock
       set available_units = available_units + added.units
      from unnest(${[...unitsBySku.keys()]}::text[], ${[...unitsBySku.values()]}::int[]) as added (sku, units)
     where stock.sku = added.sku`;
}
