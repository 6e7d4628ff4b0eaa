import type { TransactionSql } from "@sluice/host/postgres";

/** Those of these orders that get no ticket any more. */
export function listRevoked(
  sql: TransactionSql,
  orderIds: readonly string[],
): Promise<{ readonly orderId: string }[]> {
  return sql<{ readonly orderId: string }[]>`
    select order_id as "orderId"
      from ticket_shop.revocations
     where order_id = any(${orderIds}::uuid[])`;
}
