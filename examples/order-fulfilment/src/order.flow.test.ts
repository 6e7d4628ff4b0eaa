import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowTypes } from "@sluice/engine/definition";
import {
  answer,
  answered,
  delivered,
  elapsed,
  event,
  failed,
  fakeParticipant,
  later,
  nth,
  testEngine,
  testFlow,
} from "@sluice/engine/testing";
import type { FakeScript } from "@sluice/engine/testing";
import { order } from "./order.flow.ts";

type Order = FlowTypes<typeof order>;

const data = {
  orderId: "o-1",
  address: "Elm 1",
  card: "good",
  amountMinor: 4_900,
  lines: [
    { sku: "lamp", units: 2 },
    { sku: "chair", units: 1 },
  ],
} as const;
const LAMP = { orderId: data.orderId, line: data.lines[0] } as const;
const CHAIR = { orderId: data.orderId, line: data.lines[1] } as const;
const PICKUP = { orderId: data.orderId, address: data.address } as const;
const SOLD_OUT = { refusal: "0 of chair are left" } as const;

describe("the rules of an order", () => {
  const placed = testFlow(order).given({ data });
  const held = placed.when(answered("HoldStock", "StockHeld"), answered("HoldStock", "StockHeld"));
  const paying = held.when(answered("ScreenOrder", "OrderScreened", { risk: 5 }));
  const inReview = held.when(answered("ScreenOrder", "OrderScreened", { risk: 80 }));
  const booking = paying.when(answered("ChargePayment", "PaymentCharged", { paymentId: "pay-1" }));
  const agreed = booking.when(nth(2, answered("BookPickup", "PickupAgreed", { courier: "steady" })));
  const shipping = agreed.when(answered("ReleasePickup", "PickupReleased"), delivered("ShipParcel"));

  it("asks for all checks at once", () => {
    placed.then({
      state: "checking",
      sent: [{ type: "HoldStock", data: LAMP }, { type: "HoldStock", data: CHAIR }, "ScreenOrder"],
    });
  });

  it("charges when all checks say yes, and not before", () => {
    held.then({ state: "checking", underWay: ["ScreenOrder"] });
    paying.then({
      state: "paying",
      businessState: "processing",
      sent: [{ type: "ChargePayment", data: { orderId: "o-1", amountMinor: 4_900, card: "good" } }],
    });
  });

  it("asks both couriers at once, and releases the slower one before the other ships", () => {
    booking.then({
      state: "booking-pickup",
      sent: [
        { type: "BookPickup", data: { ...PICKUP, courier: "swift" } },
        { type: "BookPickup", data: { ...PICKUP, courier: "steady" } },
      ],
    });
    agreed
      .then({ sent: [{ type: "ReleasePickup", data: { ...PICKUP, courier: "swift" } }] })
      .when(answered("ReleasePickup", "PickupReleased"))
      .then({ state: "shipping", sent: [{ type: "ShipParcel", data: { ...PICKUP, courier: "steady" } }] });
  });

  it("leaves it to the other when one courier cannot come, for two hours", () => {
    const alone = booking.when(failed("BookPickup", "NO_VAN", "invalid"));
    alone.then({ state: "booking-pickup", underWay: ["BookPickup"] });
    alone.when(elapsed("2h")).then({ state: "compensating" });
  });

  it("takes back what has not been shipped after a week, wherever it hangs", () => {
    placed.when(elapsed("167h")).then({ state: "checking" });
    placed.when(elapsed("168h")).then({ state: "compensating", sent: ["ReleaseStock"] });
    paying.when(elapsed("168h")).then({ state: "compensating", sent: ["RefundPayment"] });
  });

  it("ships what is paid, and ends when the courier has it", () => {
    shipping
      .then({ state: "shipping", underWay: ["ShipParcel"] })
      .when(event("ParcelCollected", { parcelId: "P-1" }))
      .then({ outcome: "shipped", data: { paymentId: "pay-1", parcelId: "P-1" } });
  });

  it("gives back what is held when one line is sold out, and nothing for that line", () => {
    placed
      .when(answered("HoldStock", "StockHeld"), nth(1, answered("HoldStock", "StockRefused", SOLD_OUT)))
      .then({
        state: "compensating",
        sent: [{ type: "ReleaseStock", data: LAMP }],
        underWay: ["ReleaseStock"],
      })
      .when(answered("ReleaseStock", "StockReleased"))
      .then({ outcome: "refused", data: SOLD_OUT });
  });

  it("gives back also what may be held, when the answer is still to come", () => {
    placed
      .when(nth(2, answered("HoldStock", "StockRefused", SOLD_OUT)))
      .then({ state: "compensating", sent: [{ type: "ReleaseStock", data: LAMP }] });
  });

  it("lets a person decide over a risky order, for two days", () => {
    inReview.then({ state: "in-review", businessState: "in review", sent: [] });
    inReview.when(event("ReviewPassed")).then({ state: "paying" });
    const theft = { refusal: "a stolen card" } as const;
    inReview
      .when(event("ReviewFailed", theft))
      .then({ state: "compensating", data: theft, sent: [{ type: "ReleaseStock", data: CHAIR }] });
    inReview.when(elapsed("47h")).then({ state: "in-review" });
    inReview.when(elapsed("48h")).then({ state: "compensating" });
  });

  it("refunds nothing when the card was declined, and what may be charged when nobody knows", () => {
    paying
      .when(answered("ChargePayment", "PaymentRefused", { refusal: "declined" }))
      .then({ state: "compensating", sent: ["ReleaseStock"] });
    paying
      .when(failed("ChargePayment", "NO_SUCH_SERVICE", "invalid"))
      .then({ state: "compensating", sent: ["RefundPayment"] });
  });

  it("takes everything back, the newest first, when the customer cancels or the courier never comes", () => {
    for (const scene of [shipping.when(event("OrderCanceled")), shipping.when(elapsed("3d"))]) {
      scene
        .then({ state: "compensating", sent: ["RecallParcel"] })
        .when(answered("RecallParcel", "ParcelRecalled"))
        .then({ sent: [{ type: "ReleasePickup", data: { ...PICKUP, courier: "steady" } }] })
        .when(answered("ReleasePickup", "PickupReleased"))
        .then({ sent: ["RefundPayment"] })
        .when(answered("RefundPayment", "PaymentRefunded"))
        .then({ sent: [{ type: "ReleaseStock", data: CHAIR }] })
        .when(answered("ReleaseStock", "StockReleased"))
        .then({ sent: [{ type: "ReleaseStock", data: LAMP }] })
        .when(answered("ReleaseStock", "StockReleased"))
        .then({ sent: [] });
    }
  });
});

describe("an order", () => {
  it("passes all checks, finds a courier, waits for it and is shipped", async () => {
    const { engine, couriers } = await openShop({
      ShipParcel: later("5h", answer("ParcelCollected", { parcelId: "P-1" })),
    });
    const run = await engine.startRun(order, { data });
    await run.advance("5h");
    run.expect({ outcome: "shipped", data: { courier: "swift", parcelId: "P-1" } });
    assert.deepEqual(
      couriers.asked.map(({ type, data }) => `${type} ${(data as { courier: string }).courier}`),
      ["BookPickup swift", "BookPickup steady", "ReleasePickup steady", "ShipParcel swift"],
    );
  });

  for (const moment of ["before commit", "after commit", "before send", "after send"] as const) {
    it(`gives its money and its stock back once though the engine dies ${moment} of the refund`, async () => {
      const { engine, warehouse, payments } = await openShop();
      const run = await engine.startRun(order, { data });
      run.crashHere(moment, "RefundPayment");
      await run.send(event("OrderCanceled"));
      run.expect({ outcome: "canceled", businessState: "canceled" });
      engine.audit();
      assert.deepEqual(
        payments.asked.map(({ type }) => type),
        ["ChargePayment", "RefundPayment"],
      );
      assert.deepEqual(
        warehouse.asked.map(({ type, deliveries }) => `${type} ${deliveries}`),
        ["HoldStock 1", "HoldStock 1", "ReleaseStock 1", "ReleaseStock 1"],
      );
    });
  }

  it("ends canceled with everything taken back, too, when an operator cancels it", async () => {
    const { engine, warehouse } = await openShop();
    const run = await engine.startRun(order, { data });
    await run.cancel({ compensate: true });
    run.expect({ outcome: "canceled", businessState: "canceled" });
    assert.equal(warehouse.asked.filter(({ type }) => type === "ReleaseStock").length, 2);
  });
});

/** The participants of the shop, each on its good day but for what the script says. */
async function openShop({ ShipParcel }: FakeScript<Order> = {}) {
  const warehouse = fakeParticipant<Order>(
    "warehouse",
    { HoldStock: answer("StockHeld"), ReleaseStock: answer("StockReleased") },
    { kind: "transactional" },
  );
  const screening = fakeParticipant<Order>("screening", {
    ScreenOrder: answer("OrderScreened", { risk: 0 }),
  });
  const payments = fakeParticipant<Order>("payments", {
    ChargePayment: answer("PaymentCharged", { paymentId: "pay-1" }),
    RefundPayment: answer("PaymentRefunded"),
  });
  const couriers = fakeParticipant<Order>("couriers", {
    BookPickup: [answer("PickupAgreed", { courier: "swift" }), later()],
    ReleasePickup: answer("PickupReleased"),
    ShipParcel: ShipParcel ?? later(),
    RecallParcel: answer("ParcelRecalled"),
  });
  const engine = await testEngine({
    flows: [order],
    participants: [warehouse, screening, payments, couriers],
  });
  return { engine, warehouse, payments, couriers };
}
