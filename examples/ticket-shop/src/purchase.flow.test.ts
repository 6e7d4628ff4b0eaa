import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { createEngine } from "@sluice/engine";
import type { Client, Run } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import { createMemoryDatabase, createMemoryStore } from "@sluice/engine/memory";
import { local } from "@sluice/engine/participant";
import { purchaseFlow } from "./purchase.flow.ts";
import type { purchase } from "./purchase.flow.ts";

type Answers = FlowTypes<typeof purchase>["Answers"];

/** How the participants answer; each on its good day. */
interface Script {
  readonly issueTicket?: Answers["IssueTicket"];
  readonly checkPayment?: Answers["CheckPayment"] | null;
}

const quick = purchaseFlow({ unpaid: "300ms", pollFirst: "50ms", pollEvery: "20ms" });
const FINAL_MS = 5_000;

describe("the purchase flow", () => {
  it("closes an order whose payment is confirmed", async (t) => {
    const { client, runId } = await placeOrder(t);
    await client.send(runId, { type: "PaymentStarted", data: {} });
    await client.send(runId, { type: "PaymentConfirmed", data: { chargeId: "charge-1" } });
    const run = await client.waitFinal(runId, FINAL_MS);
    assert.equal(run?.outcome, "closed");
    assert.deepEqual(await statesOf(client, runId), [
      "order-created",
      "payment-pending",
      "paid",
      "ticketed",
      "closed",
    ]);
    assert.deepEqual(
      [run.data["chargeId"], run.data["ticketId"], run.data["seat"]],
      ["charge-1", "ticket-1", 7],
    );
  });

  it("fails an order whose payment is refused", async (t) => {
    const { client, runId } = await placeOrder(t);
    await client.send(runId, { type: "PaymentStarted", data: {} });
    await client.send(runId, { type: "PaymentRefused", data: { chargeId: "charge-1" } });
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "failed");
  });

  it("expires an order that nobody pays", async (t) => {
    const { client, runId } = await placeOrder(t);
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "expired");
    await assert.rejects(client.send(runId, { type: "PaymentStarted", data: {} }), {
      code: "FLOW_RUN_FINAL",
    });
  });

  it("finds out by itself about a payment whose callback never came", async (t) => {
    const checkPayment = { type: "PaymentConfirmed", data: { chargeId: "charge-2" } } as const;
    const { client, runId } = await placeOrder(t, { checkPayment });
    await client.send(runId, { type: "PaymentStarted", data: {} });
    const run = await client.waitFinal(runId, FINAL_MS);
    assert.equal(run?.outcome, "closed");
    assert.equal(run.data["chargeId"], "charge-2");
  });

  it("expires an order that the provider knows nothing of", async (t) => {
    const { client, runId } = await placeOrder(t, { checkPayment: { type: "OrderExpired", data: {} } });
    await client.send(runId, { type: "PaymentStarted", data: {} });
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "expired");
  });

  it("gives the money back when there is no ticket any more", async (t) => {
    const { client, runId } = await placeOrder(t, {
      issueTicket: { type: "TicketRefused", data: { reason: "sold-out" } },
    });
    await client.send(runId, { type: "PaymentStarted", data: {} });
    await client.send(runId, { type: "PaymentConfirmed", data: { chargeId: "charge-3" } });
    const run = await client.waitFinal(runId, FINAL_MS);
    assert.equal(run?.outcome, "refunded");
    assert.equal(run.data["refundId"], "refund-1");
  });

  it("takes a callback that comes twice once", async (t) => {
    const { client, runId } = await placeOrder(t);
    await client.send(runId, { type: "PaymentStarted", data: {} });
    const callback = {
      id: "callback:charge-1",
      type: "PaymentConfirmed",
      data: { chargeId: "charge-1" },
    } as const;
    const first = await client.send(runId, callback);
    const second = await client.send(runId, callback);
    assert.deepEqual([first.isRepeat, second.isRepeat], [false, true]);
    assert.equal(first.version, second.version);
  });
});

async function placeOrder(
  t: TestContext,
  script: Script = {},
): Promise<{ client: Client; runId: Run["runId"] }> {
  const database = createMemoryDatabase({ nowMs: Date.now });
  const store = createMemoryStore({ database, engineId: randomUUID() });
  const issueTicket = script.issueTicket ?? { type: "TicketIssued", data: { ticketId: "ticket-1", seat: 7 } };
  type Purchase = FlowTypes<typeof purchase>;
  const engine = await createEngine({
    store,
    flows: [quick],
    participants: [
      local<Purchase>("tickets", { IssueTicket: async () => issueTicket }),
      local<Purchase>("orders", { CloseOrder: async () => ({ type: "OrderClosed", data: {} }) }),
      local<Purchase>("payments", {
        CheckPayment: async () => script.checkPayment ?? null,
        RefundPayment: async () => ({ type: "PaymentRefunded", data: { refundId: "refund-1" } }),
      }),
    ],
  });
  t.after(async () => {
    await engine.stop();
    await store.close();
  });
  await engine.start();
  const data = { orderId: "order-1", concertId: "festival", amountMinor: 4900, currency: "EUR" };
  const { runId } = await engine.client.start("purchase", { key: "order-1", data });
  return { client: engine.client, runId };
}

async function statesOf(client: Client, runId: string): Promise<string[]> {
  const { items } = await client.history({ runId, limit: 100 });
  return [...new Set(items.map(({ state }) => state))];
}
