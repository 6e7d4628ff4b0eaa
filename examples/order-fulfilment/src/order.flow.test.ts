import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { createEngine } from "@sluice/engine";
import type { Client } from "@sluice/engine";
import type { FlowTypes } from "@sluice/engine/definition";
import { createMemoryDatabase, createMemoryStore } from "@sluice/engine/memory";
import { local } from "@sluice/engine/participant";
import { until } from "./fixtures/until.ts";
import { order } from "./order.flow.ts";

type Order = FlowTypes<typeof order>;
type Answers = Order["Answers"];

/** How the participants answer; each on its good day. */
interface Script {
  readonly hold?: (command: Order["Commands"]["HoldStock"]) => Promise<Answers["HoldStock"]>;
  readonly risk?: number;
  readonly charge?: Answers["ChargePayment"];
}

const FINAL_MS = 5_000;
const LAMP = { sku: "lamp", units: 2 };
const CHAIR = { sku: "chair", units: 1 };
const HELD: Answers["HoldStock"] = { type: "StockHeld", data: {} };
const SOLD_OUT: Answers["HoldStock"] = { type: "StockRefused", data: { refusal: "0 of chair are left" } };

describe("the order flow", () => {
  it("ships an order when all checks, the payment and the carrier say yes", async (t) => {
    const { client, runId, asked } = await placeOrder(t);
    await inState(client, runId, "shipping");
    await client.send(runId, { type: "ParcelCollected", data: { parcelId: "P-1" } });
    const run = await client.waitFinal(runId, FINAL_MS);
    assert.deepEqual([run?.outcome, run?.data["parcelId"]], ["shipped", "P-1"]);
    assert.deepEqual(asked, [
      "HoldStock lamp",
      "HoldStock chair",
      "ScreenOrder",
      "ChargePayment",
      "ShipParcel",
    ]);
  });

  it("asks for all checks at once", async (t) => {
    const allAsked = Promise.withResolvers<void>();
    const { client, runId, asked } = await placeOrder(t, { hold: () => allAsked.promise.then(() => HELD) });
    await until("all checks are asked for", () => asked.length === 3);
    allAsked.resolve();
    await inState(client, runId, "shipping");
  });

  it("refuses an order when one line is sold out, and releases those that are held", async (t) => {
    const { client, runId, asked } = await placeOrder(t, {
      hold: async ({ data }) => (data.line.sku === "chair" ? SOLD_OUT : HELD),
    });
    const run = await client.waitFinal(runId, FINAL_MS);
    assert.deepEqual([run?.outcome, run?.data["refusal"]], ["refused", "0 of chair are left"]);
    assert.deepEqual(
      asked.filter((each) => each.startsWith("ReleaseStock")),
      ["ReleaseStock lamp"],
    );
  });

  it("releases a hold that answers only after another line was refused", async (t) => {
    const late = Promise.withResolvers<void>();
    const { client, runId, asked } = await placeOrder(t, {
      hold: async ({ data }) => (data.line.sku === "chair" ? SOLD_OUT : late.promise.then(() => HELD)),
    });
    await inState(client, runId, "compensating");
    late.resolve();
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "refused");
    assert.equal(asked.at(-1), "ReleaseStock lamp");
  });

  it("lets a person decide over a risky order", async (t) => {
    const passed = await placeOrder(t, { risk: 80 });
    await inState(passed.client, passed.runId, "in-review");
    await passed.client.send(passed.runId, { type: "ReviewPassed", data: {} });
    await inState(passed.client, passed.runId, "shipping");

    const failed = await placeOrder(t, { risk: 100 });
    await inState(failed.client, failed.runId, "in-review");
    await failed.client.send(failed.runId, { type: "ReviewFailed", data: { refusal: "a stolen card" } });
    const run = await failed.client.waitFinal(failed.runId, FINAL_MS);
    assert.deepEqual([run?.outcome, run?.data["refusal"]], ["refused", "a stolen card"]);
    assert.deepEqual(failed.asked.slice(-2), ["ReleaseStock chair", "ReleaseStock lamp"]);
  });

  it("releases the stock of an order that cannot be paid, and refunds nothing", async (t) => {
    const { client, runId, asked } = await placeOrder(t, {
      charge: { type: "PaymentRefused", data: { refusal: "the card was declined" } },
    });
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "refused");
    assert.deepEqual(asked.slice(-3), ["ChargePayment", "ReleaseStock chair", "ReleaseStock lamp"]);
  });

  it("takes parcel, payment and stock back, the newest first, when the customer cancels", async (t) => {
    const { client, runId, asked } = await placeOrder(t);
    await inState(client, runId, "shipping");
    await client.send(runId, { type: "OrderCanceled", data: {} });
    assert.equal((await client.waitFinal(runId, FINAL_MS))?.outcome, "canceled");
    assert.deepEqual(asked.slice(-4), [
      "RecallParcel",
      "RefundPayment",
      "ReleaseStock chair",
      "ReleaseStock lamp",
    ]);
  });
});

async function placeOrder(
  t: TestContext,
  { hold = async () => HELD, risk = 0, charge }: Script = {},
): Promise<{ client: Client; runId: string; asked: readonly string[] }> {
  const asked: string[] = [];
  const paid = charge ?? ({ type: "PaymentCharged", data: { paymentId: "pay-1" } } as const);
  const store = createMemoryStore({
    database: createMemoryDatabase({ nowMs: Date.now }),
    engineId: "engine-1",
  });
  const engine = await createEngine({
    store,
    flows: [order],
    participants: [
      local<Order>("warehouse", {
        HoldStock: async (command) => {
          asked.push(`HoldStock ${command.data.line.sku}`);
          return hold(command);
        },
        ReleaseStock: async ({ data }) => {
          asked.push(`ReleaseStock ${data.line.sku}`);
          return { type: "StockReleased", data: {} };
        },
      }),
      local<Order>("screening", {
        ScreenOrder: async ({ type }) => {
          asked.push(type);
          return { type: "OrderScreened", data: { risk } };
        },
      }),
      local<Order>("payments", {
        ChargePayment: async ({ type }) => {
          asked.push(type);
          return paid;
        },
        RefundPayment: async ({ type }) => {
          asked.push(type);
          return { type: "PaymentRefunded", data: {} };
        },
      }),
      local<Order>("carrier", {
        ShipParcel: async ({ type }) => {
          asked.push(type);
          return null;
        },
        RecallParcel: async ({ type }) => {
          asked.push(type);
          return { type: "ParcelRecalled", data: {} };
        },
      }),
    ],
  });
  t.after(async () => {
    await engine.stop();
    await store.close();
  });
  await engine.start();
  const { runId } = await engine.client.start("order-fulfilment", {
    data: { orderId: "o-1", address: "Elm 1", card: "good", amountMinor: 4_900, lines: [LAMP, CHAIR] },
  });
  return { client: engine.client, runId, asked };
}

async function inState(client: Client, runId: string, state: string): Promise<void> {
  await until(`the order is ${state}`, async () => (await client.require(runId)).state === state);
}
