import type { TransactionSql } from "@sluice/host/postgres";
import type { Hold } from "./hold.ts";

/** Marks holds as released; answers those that were not before. */
export function releaseHolds(
  sql: TransactionSql,
  commandIds: readonly string[],
): Promise<Pick<Hold, "sku" | "units">[]> {
  return sql<Pick<Hold, "sku" | "units">[]>`
    update order_fulfilment.holds
       set released_at = now()
     where command_id = any(${commandIds}::text[])
       and released_at is null
    returning sku, units`;
}
