import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { makePlace, openShop } from "./fixtures/open-shop.ts";
import type { OpenShop } from "./fixtures/open-shop.ts";
import { QUICK_TIMES } from "./fixtures/quick-times.ts";
import { until } from "./fixtures/until.ts";
import { shopFlows, shopFlowsOfVersion1 } from "./flows.ts";
import { DEFAULT_BEHAVIOR } from "./provider/behavior.ts";
import type { Behavior } from "./provider/behavior.ts";

const ASKED = { by: "a test", reason: "the buyer called" };
const SETTLE_MS = 30_000;

/** No run finds out by itself while a test looks. */
const TIMES = { ...QUICK_TIMES, unpaid: "120s", pollFirst: "120s" } as const;
/** Nobody tells it what became of a charge. */
const SILENT: Behavior = { ...DEFAULT_BEHAVIOR, lostRate: 1 };

interface Placed {
  readonly orderId: string;
  readonly runId: string;
}

describe("an order that ends without a ticket", () => {
  it("is not paid, or has its money back once, wherever and however an operator ends it", async (t) => {
    const open = await openShop(t, { flows: shopFlows(TIMES) });
    for (const compensate of [true, false]) await cancelEverywhere(t, open, compensate);
    for (const state of ["failed", "expired", "refunded"])
      await t.test(`when it is forced to be ${state} while it is being paid`, async () => {
        await open.behave(SILENT);
        const order = await payLater(open, "payment-pending");
        await open.operator.operate(order.runId, { type: "force", state }, ASKED);
        await untilBooked(open, order, ["charged", "refunded"]);
      });
    await t.test("and keeps the laws", async () => assert.deepEqual(await open.audit(), []));

    // A guard counts only after it has found a planted fault.
    await t.test("the audit finds a canceled order that was charged behind the shop's back", async () => {
      const { orderId, runId } = await place(open);
      await open.operator.operate(runId, { type: "cancel", compensate: true }, ASKED);
      const charge = { orderId, amountMinor: 4900, currency: "EUR" };
      await open.callProvider("/charges", { ...charge, callbackUrl: "http://127.0.0.1:1/nobody" });
      assert.deepEqual(await open.audit(), [`order ${orderId} was charged and is canceled`]);
    });
    await t.test("the audit finds a payment that nobody looks after", async () => {
      const { sql } = open;
      const { orderId, runId } = await place(open);
      await open.operator.operate(runId, { type: "cancel", compensate: true }, ASKED);
      // No run of a return begins with such an amount.
      await sql`
        update sluice.runs set entered_at = now() - interval '6 min', data = replace(data, '4900', '0') where run_id = ${runId}`;
      await sql`insert into ticket_shop.payments (order_id) values (${orderId})`;
      const found = await open.audit();
      assert.ok(found.some((breach) => breach.startsWith(`order ${orderId} is canceled since`)));
    });
  });

  it("has its money back when the shop was gone between the charge and the refund", async (t) => {
    const spot = await makePlace(t);
    const before = await openShop(t, { place: spot, flows: shopFlows(TIMES) });
    await before.behave(SILENT);
    const order = await payLater(before, "payment-pending");
    await before.behave({ ...SILENT, failureRate: 1 });
    await before.operator.operate(order.runId, { type: "cancel", compensate: false }, ASKED);
    await before.close();
    const open = await openShop(t, { place: spot, flows: shopFlows(TIMES) });
    await untilBooked(open, order, ["charged", "refunded"]);
    assert.deepEqual(await open.audit(), []);
  });

  it("has its money back where its run is of version 1, too", async (t) => {
    const open = await openShop(t, { flows: shopFlowsOfVersion1(TIMES) });
    await open.behave(SILENT);
    for (const compensate of [true, false]) {
      const order = await payLater(open, "payment-pending");
      await open.operator.operate(order.runId, { type: "cancel", compensate }, ASKED);
      await untilBooked(open, order, ["charged", "refunded"]);
    }
    assert.deepEqual(await open.audit(), []);
  });
});

/** Cancels an order in each state in which its run may rest. */
async function cancelEverywhere(t: TestContext, open: OpenShop, compensate: boolean): Promise<void> {
  const { shop, client, operator } = open;
  const cancel = ({ runId }: Placed) => operator.operate(runId, { type: "cancel", compensate }, ASKED);
  const how = compensate ? "with compensation" : "without compensation";

  await t.test(`when it is canceled ${how} before it is paid`, async () => {
    const order = await place(open);
    await cancel(order);
    assert.equal((await shop.pay(order.orderId)).cause, "FLOW_RUN_FINAL");
    assert.deepEqual(await open.booked(order.orderId), []);
  });

  await t.test(`when it is canceled ${how} and the charge comes only afterwards`, async () => {
    await open.behave(DEFAULT_BEHAVIOR);
    const order = await place(open);
    const started = { id: `payment-started:${order.orderId}`, type: "PaymentStarted", data: {} };
    await client.send(order.runId, started);
    await cancel(order);
    await client.waitFinal(order.runId, SETTLE_MS);
    const { body } = await shop.pay(order.orderId);
    // Where nothing was taken back, the charge may be the first that the provider hears of the order.
    const isFirst = body?.outcome === "charged";
    assert.ok(body?.outcome === "closed" || (isFirst && !compensate), body?.outcome);
    await untilBooked(open, order, isFirst ? ["charged", "refunded"] : ["closed"]);
  });

  await t.test(`when it is canceled ${how} and was charged, and nobody knows yet`, async () => {
    await open.behave(SILENT);
    const order = await payLater(open, "payment-pending");
    await cancel(order);
    await untilBooked(open, order, ["charged", "refunded"]);
  });

  for (const [state, command] of [
    ["paid", "IssueTicket"],
    ["ticketed", "CloseOrder"],
  ] as const)
    await t.test(`when it is canceled ${how} while it is ${state}`, async () => {
      await open.behave(DEFAULT_BEHAVIOR);
      const paused = { flow: "purchase", scope: "command", name: command } as const;
      await operator.pause(paused, ASKED);
      const order = await payLater(open, state);
      await cancel(order);
      await operator.resume(paused, ASKED);
      await untilBooked(open, order, ["charged", "refunded"]);
      await client.waitFinal(order.runId, SETTLE_MS);
      const { outcome, ticket } = (await shop.getOrder(order.orderId)).body ?? assert.fail("no order");
      assert.equal(outcome, "canceled");
      assert.ok(ticket === null || ticket.voidedAt !== null);
    });
}

async function place({ shop }: OpenShop): Promise<Placed> {
  return (await shop.placeOrder("festival", randomUUID())).body ?? assert.fail("no order");
}

/** An order that is charged and has got as far as this state. */
async function payLater(open: OpenShop, state: string): Promise<Placed> {
  const order = await place(open);
  assert.equal((await open.shop.pay(order.orderId)).body?.outcome, "charged");
  await until(`the order is ${state}`, async () => (await open.client.require(order.runId)).state === state);
  return order;
}

function untilBooked(open: OpenShop, { orderId }: Placed, expected: readonly string[]): Promise<void> {
  return until(
    `order ${orderId} is ${expected.join(", ")}`,
    async () => (await open.booked(orderId)).join() === expected.join(),
    SETTLE_MS,
  );
}
