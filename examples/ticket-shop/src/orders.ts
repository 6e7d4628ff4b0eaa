/** Orders. Owns: `orders`. */
import type { Client } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import type { Sql, TransactionSql } from "@sluice/host/postgres";
import { shopError } from "./errors.ts";
import type { purchase } from "./purchase.flow.ts";
import { closeOrders as closeOrderRows } from "./store/close-orders.ts";
import { getConcert } from "./store/get-concert.ts";
import { getOrder } from "./store/get-order.ts";
import type { OrderRow } from "./store/get-order.ts";
import { insertOrder } from "./store/insert-order.ts";
import type { PlacedOrder } from "./store/insert-order.ts";
import type { Concert } from "./store/list-concerts.ts";

type CloseOrder = FlowTypes<typeof purchase>["Commands"]["CloseOrder"];
type OrderClosed = FlowTypes<typeof purchase>["Answers"]["CloseOrder"];

/**
 * Places an order: starts its run. Resolves when both the run and the order are durable. The same `orderId` again changes nothing,
 * (`isRepeat`), so whoever does not know whether the first call arrived simply repeats it.
 * @throws SHOP_UNKNOWN_CONCERT (missing) · SHOP_SOLD_OUT (conflict), and as the client's `start`
 */
export async function placeOrder(
  sql: Sql,
  client: Client,
  { orderId, concertId }: Pick<PlacedOrder, "orderId" | "concertId">,
): Promise<PlacedOrder & { readonly isRepeat: boolean }> {
  const concert = await requireConcert(sql, concertId);
  const { priceMinor: amountMinor, currency } = concert;
  if (concert.sold >= concert.seats && (await getOrder(sql, orderId)) === null)
    throw shopError(
      "SHOP_SOLD_OUT",
      `all ${concert.seats} seats of concert ${concertId} are sold; choose another of /shop/concerts`,
    );
  const data = { orderId, concertId, amountMinor, currency };
  const { runId, isRepeat } = await client.start("purchase", { key: orderId, idempotencyKey: orderId, data });
  // After the run, never before it: an order that somebody can see has a run that will end it.
  await insertOrder(sql, { ...data, runId });
  return { ...data, runId, isRepeat };
}

/** @throws SHOP_UNKNOWN_CONCERT (missing) */
export async function requireConcert(sql: Sql, concertId: string): Promise<Concert> {
  const concert = await getConcert(sql, concertId);
  if (concert === null)
    throw shopError("SHOP_UNKNOWN_CONCERT", `no concert ${concertId}, expected one of /shop/concerts`);
  return concert;
}

/** @throws SHOP_UNKNOWN_ORDER (missing) */
export async function requireOrder(sql: Sql, orderId: string): Promise<OrderRow> {
  const order = await getOrder(sql, orderId);
  if (order === null)
    throw shopError("SHOP_UNKNOWN_ORDER", `no order ${orderId}, expected the id of a placed order`);
  return order;
}

/** Closes the orders of a whole batch in its transaction. */
export async function closeOrders(
  commands: readonly CloseOrder[],
  sql: TransactionSql,
): Promise<OrderClosed[]> {
  await closeOrderRows(
    sql,
    commands.map(({ data }) => data.orderId),
  );
  return commands.map(() => ({ type: "OrderClosed", data: {} }));
}
