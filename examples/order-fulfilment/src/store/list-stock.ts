import type { Sql } from "@sluice/host/postgres";

export interface StockRow {
  readonly sku: string;
  readonly availableUnits: number;
  readonly heldUnits: number;
}

/** All articles; there are as many as the migration has made. */
export function listStock(sql: Sql): Promise<StockRow[]> {
  return sql<StockRow[]>`
    select sku, available_units as "availableUnits",
           coalesce(sum(units) filter (where released_at is null), 0)::int as "heldUnits"
      from order_fulfilment.stock
      left join order_fulfilment.holds using (sku)
     group by sku
     order by sku`;
}
