/** The shop over HTTP, under `/shop`. */
import { randomUUID } from "node:crypto";
import type { AppAudit } from "@sluice/cli/app";
import type { Client } from "@sluice/engine";
import type { Sql } from "@sluice/host/postgres";
import type { FastifyInstance, FastifyPluginAsync, RouteShorthandOptions } from "fastify";
import { nameId } from "./chance.ts";
import * as messages from "./messages.ts";
import { placeOrder, requireConcert, requireOrder } from "./orders.ts";
import type { Payments } from "./payments.ts";
import { Callback, SIGNATURE_HEADER } from "./provider/callback.ts";
import { listConcerts } from "./store/list-concerts.ts";

/** How long a purchase waits for its end when the caller does not say, and at the most. */
const WAIT_SECONDS = 10;
const WAIT_SECONDS_MAX = 60;

export interface ShopParts {
  readonly sql: Sql;
  readonly client: Client;
  readonly payments: Payments;
  readonly audits: readonly AppAudit[];
}

export function shopRoutes(parts: ShopParts): FastifyPluginAsync {
  return async (app) => {
    registerConcerts(app, parts);
    registerOrders(app, parts);
    registerPurchases(app, parts);
    registerCallbacks(app, parts);
    registerAudit(app, parts);
  };
}

function registerConcerts(app: FastifyInstance, { sql }: ShopParts): void {
  app.get<{ Querystring: messages.ConcertsQuery }>(
    "/shop/concerts",
    describe(
      "Concerts, and how many of their seats are sold",
      { querystring: messages.ConcertsQuery },
      { 200: messages.Concerts },
    ),
    ({ query }) => pageOfConcerts(sql, query),
  );

  app.get<{ Params: messages.ConcertParams }>(
    "/shop/concerts/:concertId",
    describe("A concert", { params: messages.ConcertParams }, { 200: messages.Concert }),
    ({ params }) => requireConcert(sql, params.concertId),
  );
}

function registerOrders(app: FastifyInstance, parts: ShopParts): void {
  const { sql, client, payments } = parts;
  app.post<{ Body: messages.NewOrder; Headers: messages.OrderHeaders }>(
    "/shop/orders",
    describe(
      "Place an order",
      { body: messages.NewOrder, headers: messages.OrderHeaders },
      { 201: messages.PlacedOrder },
    ),
    async ({ body, headers }, reply) => {
      const order = await placeOrder(sql, client, { orderId: orderIdOf(headers), concertId: body.concertId });
      return reply.code(201).header("location", `/shop/orders/${order.orderId}`).send(order);
    },
  );

  app.post<{ Params: messages.OrderParams }>(
    "/shop/orders/:orderId/payment",
    describe("Pay an order, once", { params: messages.OrderParams }, { 200: messages.Payment }),
    async ({ params }): Promise<messages.Payment> => {
      const order = await requireOrder(sql, params.orderId);
      return { orderId: order.orderId, runId: order.runId, ...(await payments.start(client, order)) };
    },
  );

  app.get<{ Params: messages.OrderParams }>(
    "/shop/orders/:orderId",
    describe("An order, with its ticket", { params: messages.OrderParams }, { 200: messages.Order }),
    ({ params }) => readOrder(parts, params.orderId),
  );
}

function registerPurchases(app: FastifyInstance, parts: ShopParts): void {
  const { sql, client, payments } = parts;
  app.post<{ Body: messages.NewOrder; Headers: messages.PurchaseHeaders }>(
    "/shop/purchases",
    describe(
      "Buy a ticket: place an order, pay it and wait for the end",
      { body: messages.NewOrder, headers: messages.PurchaseHeaders },
      { 200: messages.Order, 202: messages.Order },
    ),
    async ({ body, headers }, reply) => {
      const placed = await placeOrder(sql, client, {
        orderId: orderIdOf(headers),
        concertId: body.concertId,
      });
      await payments.start(client, placed);
      await client.waitFinal(placed.runId, waitMsOf(headers.prefer));
      const order = await readOrder(parts, placed.orderId);
      return reply
        .code(order.outcome === null ? 202 : 200)
        .header("location", `/shop/orders/${order.orderId}`)
        .send(order);
    },
  );
}

function registerCallbacks(app: FastifyInstance, { client, payments }: ShopParts): void {
  app.post<{ Body: Callback }>(
    "/shop/callbacks/payments",
    describe("The payment provider says what became of a charge", { body: Callback }, {}),
    async ({ body, headers }, reply) => {
      await payments.receive(client, body, String(headers[SIGNATURE_HEADER] ?? ""));
      return reply.code(204).send();
    },
  );
}

function registerAudit(app: FastifyInstance, { audits }: ShopParts): void {
  const schema = describe("Whether the shop's laws hold", {}, { 200: messages.AuditReport });
  app.get(
    "/shop/audit",
    schema,
    oneAtATime(() => runAudits(audits)),
  );
}

/** What `/openapi.json` says of a route, and what its requests are checked against. */
function describe(summary: string, request: object, response: object): RouteShorthandOptions {
  return { schema: { tags: ["ticket shop"], summary, ...request, response } };
}

async function pageOfConcerts(
  sql: Sql,
  { cursor, limit }: messages.ConcertsQuery,
): Promise<messages.Concerts> {
  const items = await listConcerts(sql, cursor, limit);
  return { items, cursor: items.length < limit ? null : (items.at(-1)?.concertId ?? null) };
}

/** @throws SHOP_UNKNOWN_ORDER (missing) */
async function readOrder({ sql, client }: ShopParts, orderId: string): Promise<messages.Order> {
  const { runId, concertId, amountMinor, currency, placedAt, ticketId, seat } = await requireOrder(
    sql,
    orderId,
  );
  const run = await client.get(runId);
  return {
    orderId,
    runId,
    concertId,
    amountMinor,
    currency,
    placedAt: placedAt.toISOString(),
    state: run?.state ?? null,
    businessState: run?.businessState ?? null,
    outcome: run?.outcome ?? null,
    ticket: ticketId === null || seat === null ? null : { ticketId, seat },
  };
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
