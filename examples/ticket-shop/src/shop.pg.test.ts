import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { it } from "node:test";
import { newTotals, runCrowd } from "./crowd/crowd.ts";
import { settleOrders } from "./crowd/settle.ts";
import { openShop } from "./fixtures/open-shop.ts";
import type { OpenShop } from "./fixtures/open-shop.ts";
import { until } from "./fixtures/until.ts";
import type { Order } from "./messages.ts";
import { DEFAULT_BEHAVIOR } from "./provider/behavior.ts";

const GOOD = { ...DEFAULT_BEHAVIOR, delayMs: 10 };
const SETTLE_MS = 30_000;

it("the shop sells tickets, whatever its payment provider does", async (t) => {
  const open = await openShop(t);
  const { shop, client, sql } = open;

  await t.test("sells a ticket to who pays", async () => {
    const { status, order } = await buy(open);
    assert.equal(status, 200);
    assert.equal(order.outcome, "closed");
    assert.equal(order.ticket?.seat, 1);
    const { items } = await client.history({ runId: order.runId, limit: 100 });
    const states = [...new Set(items.map(({ state }) => state))];
    assert.deepEqual(states, ["order-created", "payment-pending", "paid", "ticketed", "closed"]);
  });

  await t.test("answers a purchase that is repeated with its idempotency key as the first time", async () => {
    const key = randomUUID();
    const { order: first } = await buy(open, { key });
    const { order: second } = await buy(open, { key });
    assert.deepEqual(second, first);
    const { order: other } = await buy(open, { key: randomUUID() });
    assert.notEqual(other.orderId, first.orderId);
  });

  await t.test("answers an order that is placed again with 200, and says that it was there", async () => {
    const place = (): Promise<Response> =>
      post(open, "/shop/orders", { concertId: "festival" }, { "idempotency-key": key });
    const key = randomUUID();
    const [first, again] = [await place(), await place()];
    assert.deepEqual([first.status, again.status], [201, 200]);
    assert.equal(first.headers.get("idempotent-replayed"), null);
    assert.equal(again.headers.get("idempotent-replayed"), "true");
    assert.equal(again.headers.get("location"), first.headers.get("location"));
    assert.deepEqual(await again.json(), await first.json());
  });

  await t.test("describes each of its routes with an id and with what may go wrong", async () => {
    const description = (await (await fetch(`${open.url}/openapi.json`)).json()) as Description;
    const routes = Object.entries(description.paths).filter(([path]) => path.startsWith("/shop/"));
    const operations = routes.flatMap(([, methods]) => Object.values(methods));
    assert.equal(new Set(operations.map(({ operationId }) => operationId ?? "")).size, 11);
    for (const { operationId, responses } of operations) {
      const refusals = Object.entries(responses).filter(([status]) => Number(status) >= 400);
      assert.ok(refusals.length >= 4, operationId);
      const page = await (await fetch(`${open.url}/docs/errors`)).text();
      for (const code of refusals.flatMap(([, { description: codes }]) => codes.split(", ")))
        assert.ok(!code.startsWith("SHOP_") || page.includes(`id="${code}"`), code);
    }
  });

  await t.test("refuses a parameter that a route does not know", async () => {
    for (const path of ["/shop/concerts?x=1", "/shop/concerts/festival?x=1", "/shop/audit?x=1"]) {
      const response = await fetch(open.url + path);
      assert.equal(response.status, 400, path);
      assert.match(((await response.json()) as { readonly detail: string }).detail, /x is not known here/);
    }
  });

  await t.test("refuses texts and ids that its database does not take", async () => {
    const { order } = await buy(open);
    const nul = String.fromCharCode(0);
    const asked: readonly Promise<Response>[] = [
      fetch(`${open.url}/shop/concerts/%00`),
      fetch(`${open.url}/shop/concerts/a%1Fb`),
      fetch(`${open.url}/shop/concerts?cursor=%00`),
      post(open, "/shop/orders", { concertId: `festival${nul}` }, {}),
      post(open, "/shop/purchases", { concertId: nul }, {}),
      fetch(`${open.url}/shop/orders/urn:uuid:${order.orderId}`),
      fetch(`${open.url}/shop/orders/%7B${order.orderId}%7D`),
      post(open, `/shop/orders/urn:uuid:${order.orderId}/payment`, {}, {}),
    ];
    for (const response of await Promise.all(asked)) {
      const problem = (await response.json()) as { readonly code: string };
      assert.deepEqual([response.status, problem.code], [400, "HOST_BAD_REQUEST"], response.url);
    }
    const upper = await fetch(`${open.url}/shop/orders/${order.orderId.toUpperCase()}`);
    assert.equal(upper.status, 200);
  });

  await t.test("refuses an idempotency key that comes again for another concert", async () => {
    const key = randomUUID();
    await shop.placeOrder("festival", key);
    assert.equal((await shop.placeOrder("cellar", key)).cause, "FLOW_IDEMPOTENCY_CONFLICT");
  });

  await t.test(
    "refuses an order for a concert nobody knows, and a payment of an order nobody placed",
    async () => {
      assert.equal((await shop.placeOrder("nowhere", randomUUID())).cause, "SHOP_UNKNOWN_CONCERT");
      assert.equal((await shop.pay(randomUUID())).cause, "SHOP_UNKNOWN_ORDER");
      assert.equal((await shop.pay("no-uuid")).cause, "HOST_BAD_REQUEST");
    },
  );

  await t.test("fails the purchase of who has no money", async () => {
    await open.behave({ ...GOOD, refuseRate: 1 });
    const { order } = await buy(open);
    assert.deepEqual([order.outcome, order.ticket], ["failed", null]);
  });

  await t.test("learns by its poll what a lost callback did not say", async () => {
    await open.behave({ ...GOOD, lostRate: 1 });
    const { order } = await buy(open);
    assert.equal(order.outcome, "closed");
    const [payment] =
      await sql`select called_back_at from ticket_shop.payments where order_id = ${order.orderId}`;
    assert.equal(payment?.["called_back_at"], null);
  });

  await t.test("takes a callback that comes twice, or after the poll, without another effect", async () => {
    await open.behave({ ...GOOD, duplicateRate: 1, lateRate: 1, lateMs: 1500 });
    const { order } = await buy(open);
    assert.equal(order.outcome, "closed");
    await until("the late callback has been noted", async () => {
      const [payment] =
        await sql`select called_back_at from ticket_shop.payments where order_id = ${order.orderId}`;
      return payment?.["called_back_at"] !== null;
    });
    assert.equal((await sql`select from ticket_shop.tickets where order_id = ${order.orderId}`).length, 1);
  });

  await t.test("ends an order in its own time when the provider fails", async () => {
    await open.behave({ ...GOOD, failureRate: 1 });
    const { body } = await shop.placeOrder("festival", randomUUID());
    const orderId = body?.orderId ?? assert.fail("no order");
    assert.equal((await shop.pay(orderId)).cause, "SHOP_PROVIDER_UNAVAILABLE");
    await open.behave(GOOD);
    await until(
      "the order has ended",
      async () => (await shop.getOrder(orderId)).body?.outcome !== null,
      SETTLE_MS,
    );
  });

  await t.test("expires an order that nobody pays, and charges nobody for it afterwards", async () => {
    const { body } = await shop.placeOrder("festival", randomUUID());
    const orderId = body?.orderId ?? assert.fail("no order");
    await until(
      "the order has expired",
      async () => (await shop.getOrder(orderId)).body?.outcome === "expired",
      SETTLE_MS,
    );
    assert.equal((await shop.pay(orderId)).cause, "FLOW_RUN_FINAL");
  });

  await t.test(
    "gives the money back to who paid for a seat that was gone, then says that all are sold",
    async () => {
      await sql`update ticket_shop.concerts set seats = 1 where concert_id = 'cellar'`;
      const placed = await Promise.all([0, 1, 2].map(() => shop.placeOrder("cellar", randomUUID())));
      const orders = placed.map(({ body }) => body?.orderId ?? assert.fail("no order"));
      await Promise.all(orders.map((orderId) => shop.pay(orderId)));
      const { outcomes } = await settleOrders(shop, orders, { settleMs: SETTLE_MS });
      assert.deepEqual(outcomes, { closed: 1, refunded: 2 });
      assert.equal((await shop.placeOrder("cellar", randomUUID())).cause, "SHOP_SOLD_OUT");
    },
  );

  await t.test("believes no callback that the provider has not signed", async () => {
    const { body } = await shop.placeOrder("festival", randomUUID());
    const orderId = body?.orderId ?? assert.fail("no order");
    const callback = { orderId, chargeId: "forged", outcome: "charged" };
    const response = await post(open, "/shop/callbacks/payments", callback, { "x-provider-signature": "00" });
    assert.equal(response.status, 401);
    assert.equal((await shop.getOrder(orderId)).body?.state, "order-created");
  });

  await t.test("keeps its laws while a crowd buys from a provider at its worst", async () => {
    await open.behave({
      ...GOOD,
      failureRate: 0.1,
      refuseRate: 0.1,
      duplicateRate: 0.2,
      lostRate: 0.2,
      lateRate: 0.2,
      lateMs: 700,
    });
    const totals = newTotals();
    const crowd = {
      users: 20,
      usersPerSecond: Infinity,
      seconds: 4,
      thinkMsMin: 0,
      thinkMsMax: 100,
      concertId: "arena",
      seed: 1,
    };
    await runCrowd(shop, crowd, totals);
    await open.behave(GOOD);
    const settled = await settleOrders(shop, totals.orders, { settleMs: SETTLE_MS });
    assert.deepEqual([settled.missing, settled.open], [[], []]);
    assert.ok(totals.orders.length >= 20, `${totals.orders.length} orders`);
    assert.deepEqual(await open.audit(), []);
  });

  await t.test("shows a crowd that an acknowledged order is missing", async () => {
    const { order } = await buy(open);
    await sql`delete from ticket_shop.orders where order_id = ${order.orderId}`;
    await sql`delete from ticket_shop.tickets where order_id = ${order.orderId}`;
    const { missing } = await settleOrders(shop, [order.orderId], { settleMs: SETTLE_MS });
    assert.deepEqual(missing, [order.orderId]);
  });

  // A guard counts only after it has found a planted fault.
  const faults: Readonly<Record<string, () => Promise<unknown>>> = {
    "a ticket nobody paid for": async () => sql`
      insert into ticket_shop.tickets (order_id, concert_id, seat) values (gen_random_uuid(), 'arena', 11999)`,
    "a ticket that got lost": async () => sql`
      delete from ticket_shop.tickets where concert_id = 'festival' and seat = 1`,
    "seats that were miscounted": async () => sql`
      insert into ticket_shop.concerts values ('empty', 'Nobody came', 10, 1, 100, 'EUR')`,
    "a closed order that is open": async () => sql`
      update ticket_shop.orders set closed_at = null where closed_at = (select min(closed_at) from ticket_shop.orders)`,
    "an order without a run": async () => sql`
      insert into ticket_shop.orders values (gen_random_uuid(), gen_random_uuid(), 'arena', 1, 'EUR')`,
    "a callback that was acknowledged and forgotten": async () => {
      const { body } = await shop.placeOrder("festival", randomUUID());
      await sql`insert into ticket_shop.payments (order_id, called_back_at) values (${body?.orderId ?? ""}, now() - interval '61 s')`;
    },
    "a charge for an order nobody placed": () =>
      open.callProvider("/charges", { ...bill(randomUUID()), callbackUrl: "http://127.0.0.1:1/nobody" }),
    "a ticket whose money was given back": async () => {
      const { order } = await buy(open);
      const run = { runId: order.runId, flow: "purchase", flowVersion: 1, attempt: 1 };
      const command = { commandId: "a mistake", type: "RefundPayment", ...run, data: bill(order.orderId) };
      await open.callProvider("/commands", command);
    },
  };
  for (const [name, plant] of Object.entries(faults)) {
    await t.test(`its audit finds ${name}`, async () => {
      const before = new Set(await open.audit());
      await plant();
      const found = (await open.audit()).filter((breach) => !before.has(breach));
      assert.notDeepEqual(found, []);
    });
  }
});

interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
interface Operation {
  readonly operationId?: string;
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

function bill(orderId: string) {
  return { orderId, amountMinor: 4900, currency: "EUR" };
}

async function buy(open: OpenShop, { key = randomUUID() } = {}): Promise<{ status: number; order: Order }> {
  const response = await post(open, "/shop/purchases", { concertId: "festival" }, { "idempotency-key": key });
  return { status: response.status, order: (await response.json()) as Order };
}

function post({ url }: OpenShop, path: string, body: object, headers = {}): Promise<Response> {
  return fetch(url + path, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
