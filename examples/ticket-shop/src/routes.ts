/** The shop over HTTP, under `/shop`. */
import { randomUUID } from "node:crypto";
import type { AppAudit } from "@sluice/cli/app";
import type { CodesByStatus } from "@sluice/contracts/problem";
import type { Client, Run } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import { describeErrors } from "@sluice/host/http";
import type { Sql } from "@sluice/host/postgres";
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from "fastify";
import { nameId } from "./chance.ts";
import { SHOP_ERRORS, SHOP_MEANINGS } from "./errors.ts";
import * as messages from "./messages.ts";
import { registerCancellations } from "./cancellation-routes.ts";
import { BODY_PROBLEMS, ENGINE_PROBLEMS, describe } from "./operation.ts";
import { placeOrder, requireConcert, requireOrder, upgradeOrder } from "./orders.ts";
import type { Payments } from "./payments.ts";
import { Callback, SIGNATURE_HEADER } from "./provider/callback.ts";
import type { purchase } from "./purchase.flow.ts";
import { registerReports } from "./report-routes.ts";
import type { OrderRow } from "./store/get-order.ts";
import { listConcerts } from "./store/list-concerts.ts";
import type { Concert } from "./store/list-concerts.ts";

type Purchase = FlowTypes<typeof purchase>;

/** How long a purchase waits for its end when the caller does not say, and at the most. */
const WAIT_SECONDS = 10;
const WAIT_SECONDS_MAX = 60;

export interface ShopParts {
  readonly sql: Sql;
  readonly client: Client;
  readonly payments: Payments;
  readonly audits: readonly AppAudit[];
  /** Aborted when the process begins to stop: who waits is sent away. */
  readonly stop: AbortSignal;
}

export function shopRoutes(parts: ShopParts): FastifyPluginAsync {
  return async (app) => {
    describeErrors(app, { title: "Ticket shop", catalogue: SHOP_ERRORS, meanings: SHOP_MEANINGS });
    registerConcerts(app, parts);
    registerOrders(app, parts);
    registerPurchases(app, parts);
    registerCallbacks(app, parts);
    registerCancellations(app, parts);
    registerReports(app, parts);
    registerAudit(app, parts);
  };
}

function registerConcerts(app: FastifyInstance, { sql }: ShopParts): void {
  app.get<{ Querystring: messages.PageQuery }>(
    "/shop/concerts",
    describe({
      operationId: "listConcerts",
      summary: "Concerts, and how many of their seats are sold",
      querystring: messages.PageQuery,
      answers: { 200: messages.Concerts },
    }),
    ({ query }) => pageOfConcerts(sql, query),
  );

  app.get<{ Params: messages.ConcertParams }>(
    "/shop/concerts/:concertId",
    describe({
      operationId: "getConcert",
      summary: "A concert",
      params: messages.ConcertParams,
      answers: { 200: messages.Concert },
      problems: { 404: "SHOP_UNKNOWN_CONCERT" },
    }),
    async ({ params }) => toConcert(await requireConcert(sql, params.concertId)),
  );
}

/** Codes of placing an order, and of paying it. */
const ORDER_PROBLEMS: CodesByStatus = {
  404: "SHOP_UNKNOWN_CONCERT",
  409: "SHOP_SOLD_OUT, SHOP_CONCERT_CANCELED",
  422: "FLOW_IDEMPOTENCY_CONFLICT",
};
const PAYMENT_PROBLEMS: CodesByStatus = {
  409: "FLOW_RUN_FINAL, FLOW_UNEXPECTED_EVENT",
  503: "SHOP_NOT_DECIDED, SHOP_PROVIDER_UNAVAILABLE",
};

function registerOrders(app: FastifyInstance, parts: ShopParts): void {
  const { sql, client, payments } = parts;
  app.post<{ Body: messages.NewOrder; Headers: messages.OrderHeaders }>(
    "/shop/orders",
    describe(
      {
        operationId: "placeOrder",
        summary: "Place an order",
        body: messages.NewOrder,
        headers: messages.OrderHeaders,
        answers: { 200: messages.RepeatedOrder, 201: messages.PlacedOrder },
        problems: ORDER_PROBLEMS,
      },
      ENGINE_PROBLEMS,
      BODY_PROBLEMS,
    ),
    async ({ body, headers }, reply) => {
      const { isRepeat, ...order } = await place(parts, body, headers);
      return pointTo(reply, order.orderId, isRepeat)
        .code(isRepeat ? 200 : 201)
        .send(order);
    },
  );

  app.post<{ Params: messages.OrderParams }>(
    "/shop/orders/:orderId/payment",
    describe(
      {
        operationId: "payOrder",
        summary: "Pay an order, once",
        params: messages.OrderParams,
        answers: { 200: messages.Payment },
        problems: { 404: "SHOP_UNKNOWN_ORDER" },
      },
      PAYMENT_PROBLEMS,
      ENGINE_PROBLEMS,
    ),
    async ({ params }): Promise<messages.Payment> => {
      const order = await requireOrder(sql, params.orderId);
      return { orderId: order.orderId, runId: order.runId, ...(await payments.start(client, order)) };
    },
  );

  app.post<{ Params: messages.OrderParams }>(
    "/shop/orders/:orderId/upgrade",
    describe(
      {
        operationId: "upgradeOrder",
        summary: "Take a premium seat, while the order is unpaid",
        params: messages.OrderParams,
        answers: { 200: messages.Order },
        problems: {
          404: "SHOP_UNKNOWN_ORDER",
          409: "SHOP_NO_UPGRADE, FLOW_RUN_FINAL, FLOW_UNEXPECTED_EVENT",
          422: "FLOW_IDEMPOTENCY_CONFLICT",
          503: "SHOP_NOT_DECIDED",
        },
      },
      ENGINE_PROBLEMS,
    ),
    async ({ params }) => {
      await upgradeOrder(sql, client, await requireOrder(sql, params.orderId));
      return readOrder(parts, params.orderId);
    },
  );

  app.get<{ Params: messages.OrderParams }>(
    "/shop/orders/:orderId",
    describe({
      operationId: "getOrder",
      summary: "An order, with its ticket",
      params: messages.OrderParams,
      answers: { 200: messages.Order },
      problems: { 404: "SHOP_UNKNOWN_ORDER" },
    }),
    ({ params }) => readOrder(parts, params.orderId),
  );
}

function registerPurchases(app: FastifyInstance, parts: ShopParts): void {
  const { client, payments, stop } = parts;
  app.post<{ Body: messages.NewOrder; Headers: messages.PurchaseHeaders }>(
    "/shop/purchases",
    describe(
      {
        operationId: "buyTicket",
        summary: "Buy a ticket: place an order, pay it and wait for the end",
        body: messages.NewOrder,
        headers: messages.PurchaseHeaders,
        answers: { 200: messages.Order, 202: messages.Order },
        problems: ORDER_PROBLEMS,
      },
      PAYMENT_PROBLEMS,
      ENGINE_PROBLEMS,
      BODY_PROBLEMS,
    ),
    async ({ body, headers }, reply) => {
      const placed = await place(parts, body, headers);
      await payments.start(client, placed);
      await client.waitFinal(placed.runId, waitMsOf(headers.prefer), stop);
      const order = await readOrder(parts, placed.orderId);
      return pointTo(reply, order.orderId, placed.isRepeat)
        .code(order.outcome === null ? 202 : 200)
        .send(order);
    },
  );
}

function registerCallbacks(app: FastifyInstance, { client, payments }: ShopParts): void {
  app.post<{ Body: Callback }>(
    "/shop/callbacks/payments",
    describe(
      {
        operationId: "receiveCallback",
        summary: "The payment provider says what became of a charge",
        body: Callback,
        answers: { 204: { type: "null", description: "Taken; a repeat changes nothing." } },
        problems: { 401: "SHOP_BAD_SIGNATURE", 404: "SHOP_UNKNOWN_ORDER" },
      },
      ENGINE_PROBLEMS,
      BODY_PROBLEMS,
    ),
    async ({ body, headers }, reply) => {
      await payments.receive(client, body, String(headers[SIGNATURE_HEADER] ?? ""));
      return reply.code(204).send();
    },
  );
}

function registerAudit(app: FastifyInstance, { audits }: ShopParts): void {
  const operation = describe({
    operationId: "auditShop",
    summary: "Whether the shop's laws hold",
    answers: { 200: messages.AuditReport },
  });
  app.get(
    "/shop/audit",
    operation,
    oneAtATime(() => runAudits(audits)),
  );
}

function place({ sql, client }: ShopParts, { concertId }: messages.NewOrder, headers: messages.OrderHeaders) {
  return placeOrder(sql, client, { orderId: orderIdOf(headers), concertId });
}

/** Says where the order is read, and whether it was there before. */
function pointTo(reply: FastifyReply, orderId: string, isRepeat: boolean): FastifyReply {
  if (isRepeat) void reply.header("idempotent-replayed", "true");
  return reply.header("location", `/shop/orders/${orderId}`);
}

async function pageOfConcerts(sql: Sql, { cursor, limit }: messages.PageQuery): Promise<messages.Concerts> {
  const items = (await listConcerts(sql, cursor, limit)).map(toConcert);
  return { items, cursor: items.length < limit ? null : (items.at(-1)?.concertId ?? null) };
}

function toConcert({ canceledAt, ...concert }: Concert): messages.Concert {
  return { ...concert, canceledAt: canceledAt?.toISOString() ?? null };
}

/** @throws SHOP_UNKNOWN_ORDER (missing) */
async function readOrder({ sql, client }: ShopParts, orderId: string): Promise<messages.Order> {
  const order = await requireOrder(sql, orderId);
  const { runId, concertId, currency, placedAt } = order;
  const run = await client.get(runId);
  return {
    orderId,
    runId,
    concertId,
    ...priceOf(order, run),
    currency,
    placedAt: placedAt.toISOString(),
    state: run?.state ?? null,
    businessState: run?.businessState ?? null,
    outcome: run?.outcome ?? null,
    ticket: ticketOf(order),
  };
}

/** As the run says; it knows of an upgrade, and the order only what it was placed for. */
function priceOf(order: OrderRow, run: Run | null): Pick<messages.Order, "amountMinor" | "category"> {
  // The engine holds the data of a run to the schema of its flow; version 1 knows no categories.
  const known = (run?.data ?? {}) as Partial<Purchase["Data"]>;
  return { amountMinor: known.amountMinor ?? order.amountMinor, category: known.category ?? "standard" };
}

function ticketOf({ ticketId, seat, voidedAt }: OrderRow): messages.Order["ticket"] {
  if (ticketId === null || seat === null) return null;
  return { ticketId, seat, voidedAt: voidedAt?.toISOString() ?? null };
}

/** The same key names the same order, so a request that is repeated with it places no second one. */
function orderIdOf(headers: messages.OrderHeaders): string {
  const key = headers["idempotency-key"];
  return key === undefined ? randomUUID() : nameId("order", key);
}

/** @see RFC 7240 section 4.3 */
function waitMsOf(prefer: string | undefined): number {
  const seconds = /\bwait=(\d{1,6})\b/.exec(prefer ?? "")?.[1];
  return Math.min(seconds === undefined ? WAIT_SECONDS : Number(seconds), WAIT_SECONDS_MAX) * 1000;
}

async function runAudits(audits: readonly AppAudit[]): Promise<messages.AuditReport> {
  const laws: messages.AuditReport["laws"] = [];
  for (const { name, check } of audits) laws.push({ name, breaches: [...(await check())] });
  return { isClean: laws.every(({ breaches }) => breaches.length === 0), laws };
}

/** An audit reads everything there is: whoever asks while one runs gets its answer. */
function oneAtATime<Answer>(work: () => Promise<Answer>): () => Promise<Answer> {
  let underWay: Promise<Answer> | undefined;
  return () =>
    (underWay ??= work().finally(() => {
      underWay = undefined;
    }));
}
