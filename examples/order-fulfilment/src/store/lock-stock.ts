import type { TransactionSql } from "@sluice/host/postgres";

export interface LockedStock {
  readonly sku: string;
  readonly availableUnits: number;
}

/** Locks the stock of articles until the end of the transaction, in the order of their SKUs. */
export function lockStock(sql: TransactionSql, skus: readonly string[]): Promise<LockedStock[]> {
  return sql<LockedStock[]>`
    select sku, available_units as "availableUnits"
      from order_fulfilment.stock
     where sku = any(${skus}::text[])
     order by sku
       for no key update`;
}
