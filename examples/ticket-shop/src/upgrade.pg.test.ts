import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { it } from "node:test";
import { settleOrders } from "./crowd/settle.ts";
import type { ShopClient } from "./crowd/shop-client.ts";
import { makePlace, openShop } from "./fixtures/open-shop.ts";
import type { OpenShop } from "./fixtures/open-shop.ts";
import { QUICK_TIMES } from "./fixtures/quick-times.ts";
import { until } from "./fixtures/until.ts";
import { shopFlows, shopFlowsOfVersion1 } from "./flows.ts";

const SETTLE_MS = 30_000;
/** Nobody's order expires while the shop is closed and opened again. */
const TIMES = { ...QUICK_TIMES, unpaid: "120s" } as const;

it("an unpaid order may be upgraded, once its run is of version 2", async (t) => {
  const place = await makePlace(t);
  const before = await openShop(t, { place, flows: shopFlowsOfVersion1(TIMES) });
  const old = await placeOrders(before.shop, 3);
  const [upgraded, standard, stays] = [requireId(old, 0), requireId(old, 1), requireId(old, 2)];

  await t.test("refuses an upgrade where the shop knows of no categories yet", async () => {
    assert.equal((await before.shop.upgrade(upgraded)).cause, "SHOP_NO_UPGRADE");
  });
  await before.close();
  const open = await openShop(t, { place, flows: shopFlows(TIMES) });
  const { shop, client, operator, sql } = open;

  await t.test("serves both versions side by side, and begins new orders with the second", async () => {
    const order = requireId(await placeOrders(shop, 1), 0);
    const versions = [order, stays].map(
      async (orderId) => (await client.require(await runOf(open, orderId))).flowVersion,
    );
    assert.deepEqual(await Promise.all(versions), [2, 1]);
    assert.equal((await shop.upgrade(stays)).cause, "SHOP_NO_UPGRADE");
  });

  await t.test("tells before a migration what would become of each run", async () => {
    const runs = await Promise.all([upgraded, standard].map((orderId) => runOf(open, orderId)));
    const job = { operation: { type: "migrate", toVersion: 2 }, filter: { runIds: runs } } as const;
    const { items } = await operator.preview(job, { limit: 10 });
    assert.deepEqual(new Set(items.map(({ runId }) => runId)), new Set(runs));
    for (const { from, to, code } of items)
      assert.deepEqual([from, to, code], ["order-created", "order-created", null]);
    assert.equal((await client.require(runs[0] ?? "")).flowVersion, 1);
  });

  await t.test("migrates the runs of version 1, which may be upgraded then", async () => {
    for (const orderId of [upgraded, standard]) {
      const asked = { by: "a test", reason: "seats have categories" };
      await operator.operate(await runOf(open, orderId), { type: "migrate", toVersion: 2 }, asked);
    }
    assert.equal((await shop.getOrder(upgraded)).body?.category, "standard");
    const { body } = await shop.upgrade(upgraded);
    assert.deepEqual([body?.category, body?.amountMinor], ["premium", 9900]);
    const again = await shop.upgrade(upgraded);
    assert.deepEqual(again.body, body);
  });

  await t.test("charges each order what it has become, whichever version it is of", async () => {
    const orders = [upgraded, standard, stays];
    await Promise.all(orders.map((orderId) => shop.pay(orderId)));
    const { outcomes } = await settleOrders(shop, orders, { settleMs: SETTLE_MS });
    assert.deepEqual(outcomes, { closed: 3 });
    const tickets = await sql<{ orderId: string; category: string; amountMinor: number | null }[]>`
      select order_id as "orderId", category, amount_minor as "amountMinor" from ticket_shop.tickets`;
    const priceOf = (orderId: string) => {
      const ticket = tickets.find((each) => each.orderId === orderId);
      return [ticket?.category, ticket?.amountMinor];
    };
    assert.deepEqual(orders.map(priceOf), [
      ["premium", 9900],
      ["standard", 4900],
      ["standard", null],
    ]);
  });

  await t.test("upgrades no order that is being paid, or for a concert without such seats", async () => {
    assert.equal((await shop.upgrade(standard)).cause, "FLOW_RUN_FINAL");
    const paying = requireId(await placeOrders(shop, 1), 0);
    await open.behave({ failureRate: 1 });
    assert.equal((await shop.pay(paying)).cause, "SHOP_PROVIDER_UNAVAILABLE");
    const refused = await shop.upgrade(paying);
    assert.ok(["FLOW_UNEXPECTED_EVENT", "FLOW_RUN_FINAL"].includes(refused.cause ?? ""), refused.cause);
    await open.behave({ failureRate: 0 });
    const cellar = (await shop.placeOrder("cellar", randomUUID())).body ?? assert.fail("no order");
    assert.equal((await shop.upgrade(cellar.orderId)).cause, "SHOP_NO_UPGRADE");
    assert.equal((await shop.upgrade(randomUUID())).cause, "SHOP_UNKNOWN_ORDER");
  });

  await t.test("keeps its laws, and its audit finds an order that was charged another price", async () => {
    assert.deepEqual(await open.audit(), []);
    const order = requireId(await placeOrders(shop, 1), 0);
    const wrong = { orderId: order, amountMinor: 1, currency: "EUR" };
    await open.callProvider("/charges", { ...wrong, callbackUrl: "http://127.0.0.1:1/nobody" });
    await until("the wrong price is found", async () =>
      (await open.audit()).includes(`order ${order} costs 4900 and was charged 1`),
    );
  });
});

async function placeOrders(shop: ShopClient, count: number): Promise<readonly string[]> {
  const placed = await Promise.all(
    Array.from({ length: count }, () => shop.placeOrder("festival", randomUUID())),
  );
  return placed.map(({ body }) => body?.orderId ?? assert.fail("no order"));
}

function requireId(orders: readonly string[], at: number): string {
  return orders[at] ?? assert.fail("no order");
}

async function runOf({ shop }: OpenShop, orderId: string): Promise<string> {
  return (await shop.getOrder(orderId)).body?.runId ?? assert.fail("no order");
}
