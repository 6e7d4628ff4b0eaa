import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowTypes } from "@sluice/engine/definition";
import {
  answer,
  answered,
  canceled,
  delivered,
  elapsed,
  event,
  fail,
  failed,
  fakeParticipant,
  later,
  testEngine,
  testFlow,
  testRun,
} from "@sluice/engine/testing";
import type { FakeScript, TestRun } from "@sluice/engine/testing";
import { purchase } from "./purchase.flow.ts";

type Purchase = FlowTypes<typeof purchase>;

const order = {
  orderId: "order-1",
  concertId: "festival",
  category: "standard",
  amountMinor: 4900,
  currency: "EUR",
} as const;
const bill = { orderId: "order-1", amountMinor: 4900, currency: "EUR" } as const;
const UNPAID = ["order-created", "payment-pending"] as const;
const confirmed = event("PaymentConfirmed", { chargeId: "charge-1" });
const ticket = { ticketId: "ticket-1", seat: 7 } as const;

describe("the rules of a purchase", () => {
  const placed = testFlow(purchase).given({ data: order }).then({ state: "order-created", sent: [] });
  const pending = placed.when(event("PaymentStarted"));
  const paid = pending.when(confirmed);

  it("asks for a ticket as soon as the payment is confirmed", () => {
    paid.then({
      state: "paid",
      businessState: "paid",
      data: { chargeId: "charge-1" },
      sent: [
        {
          type: "IssueTicket",
          data: { orderId: "order-1", concertId: "festival", category: "standard", amountMinor: 4900 },
        },
      ],
    });
  });

  it("fails an order whose payment is refused", () => {
    pending.when(event("PaymentRefused", { chargeId: "charge-1" })).then({ outcome: "failed", sent: [] });
  });

  it("waits two minutes for a payment to be started", () => {
    placed.when(elapsed("119s")).then({ state: "order-created", businessState: "open" });
    const expired = placed.when(elapsed("120s")).then({ outcome: "expired", businessState: "expired" });
    expired.when(event("PaymentStarted")).then({ state: "expired", ignored: "unexpected" });
  });

  it("asks the provider about a payment that it has not heard of, again and again", () => {
    pending
      .when(elapsed("10s"))
      .then({ sent: ["CheckPayment"] })
      .when(delivered("CheckPayment"), elapsed("6s"))
      .then({ sent: ["CheckPayment"], underWay: ["CheckPayment"] });
  });

  it("expires an order that the provider knows nothing of", () => {
    pending.when(elapsed("10s"), answered("CheckPayment", "OrderExpired")).then({ outcome: "expired" });
  });

  it("charges an upgraded seat as what it has become", () => {
    placed
      .when(event("UpgradeChosen", { category: "premium", amountMinor: 9900 }))
      .then({ state: "order-created", data: { category: "premium", amountMinor: 9900 } })
      .when(event("PaymentStarted"), elapsed("10s"))
      .then({
        sent: [{ type: "CheckPayment", data: { orderId: "order-1", amountMinor: 9900, currency: "EUR" } }],
      });
    pending
      .when(event("UpgradeChosen", { category: "premium", amountMinor: 9900 }))
      .then({ data: { category: "standard", amountMinor: 4900 }, ignored: "unexpected" });
  });

  it("asks for the money back as soon as the ticket is refused", () => {
    paid
      .when(answered("IssueTicket", "TicketRefused", { reason: "sold-out" }))
      .then({ state: "compensating", sent: [{ type: "RefundPayment", data: bill }] })
      .when(answered("RefundPayment", "PaymentRefunded", { refundId: "refund-1" }))
      .then({ outcome: "refunded", businessState: "refunded", data: { ticketId: undefined }, sent: [] });
  });

  it("makes sure that no ticket comes any more before it gives the money back, when the box office is out of order", () => {
    paid
      .when(failed("IssueTicket", "OUT_OF_ORDER", "invalid"))
      .then({ state: "compensating", sent: [{ type: "VoidTicket", data: { orderId: "order-1" } }] })
      .when(answered("VoidTicket", "TicketVoided"))
      .then({ sent: [{ type: "RefundPayment", data: bill }] })
      .when(answered("RefundPayment", "PaymentRefunded", { refundId: "refund-1" }))
      .then({ outcome: "refunded", sent: [] });
  });

  it("takes back a payment that nobody has confirmed yet when an operator cancels the order", () => {
    const canceling = pending
      .when(canceled({ compensate: true }))
      .then({ state: "compensating", sent: [{ type: "RefundPayment", data: bill }] });
    for (const known of [
      answered("RefundPayment", "PaymentVoided"),
      answered("RefundPayment", "PaymentRefunded", { refundId: "refund-1" }),
    ])
      canceling.when(known).then({ outcome: "canceled", sent: [] });
    canceling
      .when(confirmed)
      .then({ state: "compensating", underWay: ["RefundPayment"], ignored: "unexpected" });
  });

  it("has nothing to take back of an order whose payment was never started", () => {
    placed.when(canceled({ compensate: true })).then({ outcome: "canceled", sent: [] });
  });

  it("takes back the ticket, then the payment, when an operator cancels what was bought already", () => {
    paid
      .when(answered("IssueTicket", "TicketIssued", ticket))
      .then({ state: "ticketed" })
      .when(canceled({ compensate: true }))
      .then({ state: "compensating", sent: [{ type: "VoidTicket", data: { orderId: "order-1" } }] })
      .when(answered("VoidTicket", "TicketVoided"))
      .then({ sent: [{ type: "RefundPayment", data: bill }] })
      .when(answered("RefundPayment", "PaymentRefunded", { refundId: "refund-1" }))
      .then({ outcome: "canceled" });
  });

  it("asks for a refund for a long time before it lets an operator know", () => {
    const refunding = paid.when(answered("IssueTicket", "TicketRefused", { reason: "sold-out" }));
    const tried = Array.from(
      { length: 100 },
      () => [failed("RefundPayment"), elapsed("30s")] as const,
    ).flat();
    refunding.when(...tried).then({ state: "compensating", parked: null });
  });
});

describe("the purchase flow", () => {
  it("closes an order whose payment is confirmed", async () => {
    const { run } = await placeOrder();
    await run.send(event("PaymentStarted"));
    await run.send(confirmed);
    run.expect({
      outcome: "closed",
      path: [...UNPAID, "paid", "ticketed", "closed"],
      data: { chargeId: "charge-1", ...ticket },
    });
  });

  it("expires an order that nobody pays", async () => {
    const { run } = await placeOrder();
    await run.advance("120s");
    run.expect({ outcome: "expired" });
    await assert.rejects(run.send(event("PaymentStarted")), { code: "FLOW_RUN_FINAL" });
  });

  it("finds out by itself about a payment whose callback never came", async () => {
    const { run } = await placeOrder({ CheckPayment: answer("PaymentConfirmed", { chargeId: "charge-2" }) });
    await run.send(event("PaymentStarted"));
    run.expect({ outcome: null });
    await run.advance("10s");
    run.expect({ outcome: "closed", data: { chargeId: "charge-2" } });
  });

  it("gives the money back when there is no ticket any more", async () => {
    const { run, payments } = await placeOrder({
      IssueTicket: answer("TicketRefused", { reason: "sold-out" }),
      // The money goes back once, however often the provider has to be asked.
      RefundPayment: [fail("PROVIDER_DOWN", 5), answer("PaymentRefunded", { refundId: "refund-1" })],
    });
    await run.send(event("PaymentStarted"));
    await run.send(confirmed);
    await run.advance("5m");
    run.expect({ outcome: "refunded", path: [...UNPAID, "paid", "compensating", "refunded"] });
    assert.deepEqual(
      payments.asked.map(({ type, deliveries }) => [type, deliveries]),
      [["RefundPayment", 6]],
    );
  });

  it("takes a callback that comes twice once", async () => {
    const { run } = await placeOrder({ IssueTicket: later() });
    await run.send(event("PaymentStarted"));
    const callback = event("PaymentConfirmed", { chargeId: "charge-1" }, "callback:charge-1");
    const first = await run.send(callback);
    const second = await run.send(callback);
    assert.deepEqual([first.isRepeat, second.isRepeat], [false, true]);
    assert.equal(first.version, second.version);
  });

  for (const moment of ["before commit", "after commit", "before send", "after send"] as const) {
    it(`issues one ticket for one payment when the engine dies ${moment} of IssueTicket`, async () => {
      const { run, tickets } = await placeOrder();
      await run.send(event("PaymentStarted"));
      run.crashHere(moment, "IssueTicket");
      await run.send(confirmed);
      run.expect({ outcome: "closed", data: ticket });
      assert.equal(tickets.asked.length, 1);
    });
  }

  it("sells a ticket to each buyer while the engine dies again and again", async () => {
    const people = participants({});
    const engine = await testEngine({ flows: [purchase], participants: Object.values(people) });
    const runs: TestRun<Purchase>[] = [];
    for (let number = 1; number <= 10; number++) {
      engine.crashHere(number % 2 === 0 ? "after commit" : "before commit");
      const run = await engine.startRun(purchase, { data: { ...order, orderId: `order-${number}` } });
      await run.send(event("PaymentStarted"));
      engine.crashHere("after send");
      await run.send(confirmed);
      runs.push(run);
    }
    for (const run of runs) run.expect({ outcome: "closed" });
    engine.audit();
    assert.deepEqual([engine.deaths, people.tickets.asked.length], [20, 10]);
  });
});

/** The participants of the shop, each on its good day but for what the script says. */
function participants({ IssueTicket, CheckPayment, CloseOrder, RefundPayment }: FakeScript<Purchase>) {
  return {
    tickets: fakeParticipant<Purchase>("tickets", {
      IssueTicket: IssueTicket ?? answer("TicketIssued", ticket),
    }),
    orders: fakeParticipant<Purchase>("orders", { CloseOrder: CloseOrder ?? answer("OrderClosed") }),
    payments: fakeParticipant<Purchase>("payments", {
      CheckPayment: CheckPayment ?? later(),
      RefundPayment: RefundPayment ?? answer("PaymentRefunded", { refundId: "refund-1" }),
    }),
  };
}

async function placeOrder(script: FakeScript<Purchase> = {}) {
  const people = participants(script);
  const run = await testRun(purchase, {
    key: "order-1",
    data: order,
    participants: Object.values(people),
  });
  return { run, ...people };
}
