/** Orders. Owns: `orders`. */
import type { EventMessage } from "@sluice/contracts/envelope";
import { hasCode } from "@sluice/contracts/problem";
import type { Client } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import type { TransactionalHandlers } from "@sluice/engine/participant";
import type { Sql, TransactionSql } from "@sluice/host/postgres";
import { shopError } from "./errors.ts";
import type { purchase1 } from "./purchase-1.flow.ts";
import type { purchase } from "./purchase.flow.ts";
import { closeOrders as closeOrderRows } from "./store/close-orders.ts";
import { getConcert } from "./store/get-concert.ts";
import { getOrder } from "./store/get-order.ts";
import type { OrderRow } from "./store/get-order.ts";
import { insertOrder } from "./store/insert-order.ts";
import type { PlacedOrder } from "./store/insert-order.ts";
import type { Concert } from "./store/list-concerts.ts";

/** Of either version. */
type Purchase = FlowTypes<typeof purchase1 | typeof purchase>;
type Events = FlowTypes<typeof purchase>["Events"];
type CloseOrder = Purchase["Commands"]["CloseOrder"];
type OrderClosed = Purchase["Answers"]["CloseOrder"];

/**
 * Places an order: starts its run. Resolves when both the run and the order are durable. The same `orderId` again changes nothing,
 * (`isRepeat`), so whoever does not know whether the first call arrived simply repeats it.
 * @throws SHOP_UNKNOWN_CONCERT (missing) · SHOP_SOLD_OUT, SHOP_CONCERT_CANCELED (conflict), and as the client's `start`
 */
export async function placeOrder(
  sql: Sql,
  client: Client,
  { orderId, concertId }: Pick<PlacedOrder, "orderId" | "concertId">,
): Promise<PlacedOrder & { readonly isRepeat: boolean }> {
  const concert = await requireConcert(sql, concertId);
  const { priceMinor: amountMinor, currency } = concert;
  const refusal = refusalOf(concert);
  if (refusal !== null && (await getOrder(sql, orderId)) === null) throw refusal;
  const order = { orderId, concertId, amountMinor, currency };
  const data: FlowTypes<typeof purchase>["Data"] = { ...order, category: "standard" };
  const { runId, isRepeat } = await client.start("purchase", { key: orderId, idempotencyKey: orderId, data });
  // After the run, never before it: an order that somebody can see has a run that will end it.
  await insertOrder(sql, { ...order, runId });
  return { ...order, runId, isRepeat };
}

/** Why a concert takes no order. Who orders in the same instant is refused by the ticket office, and gets the money back. */
function refusalOf({ concertId, seats, sold, canceledAt }: Concert): Error | null {
  if (canceledAt !== null)
    return shopError(
      "SHOP_CONCERT_CANCELED",
      `concert ${concertId} does not take place; choose another of /shop/concerts`,
    );
  if (sold < seats) return null;
  return shopError(
    "SHOP_SOLD_OUT",
    `all ${seats} seats of concert ${concertId} are sold; choose another of /shop/concerts`,
  );
}

/**
 * Upgrades an unpaid order to a premium seat, at its price; a repeat changes nothing.
 * @throws SHOP_NO_UPGRADE (conflict) when the concert has no such seats, or the order was placed before there were any ·
 *   SHOP_NOT_DECIDED (unavailable) · FLOW_UNEXPECTED_EVENT, FLOW_RUN_FINAL (conflict) when the order is being paid or has ended,
 *   and as the client's `send`
 */
export async function upgradeOrder(sql: Sql, client: Client, order: PlacedOrder): Promise<void> {
  const { premiumPriceMinor } = await requireConcert(sql, order.concertId);
  if (premiumPriceMinor === null)
    throw shopError("SHOP_NO_UPGRADE", `concert ${order.concertId} has no premium seats`);
  const event = {
    id: `upgrade:${order.orderId}`,
    type: "UpgradeChosen",
    data: { category: "premium", amountMinor: premiumPriceMinor },
  } satisfies Events["UpgradeChosen"];
  await tellOrder(client, order, event).catch((cause: unknown) => {
    if (!hasCode(cause, "FLOW_UNKNOWN_EVENT")) throw cause;
    throw shopError(
      "SHOP_NO_UPGRADE",
      `order ${order.orderId} was placed before seats had categories; have it migrated to version 2 of its flow first`,
      { cause },
    );
  });
}

/**
 * Tells the run of an order that something happened; resolves when it has taken that.
 * @throws SHOP_NOT_DECIDED (unavailable) when it has not yet, and as the client's `send`
 */
export async function tellOrder(
  client: Client,
  { orderId, runId }: Pick<PlacedOrder, "orderId" | "runId">,
  event: EventMessage,
): Promise<void> {
  const outcome = await client.send(runId, event).then(
    (sent) => sent.outcome,
    (error: unknown) => {
      // The order is there, so its run is durable: its lane is without an owner and has not begun it yet.
      if (hasCode(error, "FLOW_UNKNOWN_RUN")) return "accepted";
      throw error;
    },
  );
  if (outcome === "applied") return;
  throw shopError(
    "SHOP_NOT_DECIDED",
    `the order could not take ${event.type} yet, and nobody was charged; try again`,
    { fields: { orderId, runId, outcome }, retryAfterMs: 1000 },
  );
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
async function closeOrders(commands: readonly CloseOrder[], sql: TransactionSql): Promise<OrderClosed[]> {
  await closeOrderRows(
    sql,
    commands.map(({ data }) => data.orderId),
  );
  return commands.map(() => ({ type: "OrderClosed", data: {} }));
}

/** What the channel `orders` takes. */
export const orderHandlers: TransactionalHandlers<Purchase, TransactionSql> = { CloseOrder: closeOrders };
