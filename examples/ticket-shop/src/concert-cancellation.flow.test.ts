import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowTypes } from "@sluice/engine/definition";
import {
  answer,
  answered,
  elapsed,
  fail,
  failed,
  fakeParticipant,
  nth,
  testFlow,
  testRun,
} from "@sluice/engine/testing";
import { concertCancellation } from "./concert-cancellation.flow.ts";

type Cancellation = FlowTypes<typeof concertCancellation>;

const begin = { concertId: "arena", bills: [], afterSeat: 0, refunded: 0 } as const;
const billOf = (orderId: string) => ({ orderId, amountMinor: 8900, currency: "EUR" }) as const;
const two = { bills: [billOf("a"), billOf("b")], afterSeat: 2 } as const;
const refunded = answered("RefundPayment", "PaymentRefunded", { refundId: "r" });

describe("the rules of a cancellation", () => {
  const canceled = testFlow(concertCancellation)
    .given({ data: begin })
    .then({ sent: ["StopSales"] });
  const listing = canceled.when(answered("StopSales", "SalesStopped"));
  const refunding = listing.when(answered("ListTickets", "TicketsListed", two));

  it("stops the sales before it looks at the tickets", () => {
    listing.then({
      state: "listing",
      businessState: "refunding",
      sent: [{ type: "ListTickets", data: { concertId: "arena", afterSeat: 0 } }],
    });
  });

  it("voids tickets when the money of each has gone back, and not before", () => {
    refunding
      .then({
        sent: [
          { type: "RefundPayment", data: billOf("a") },
          { type: "RefundPayment", data: billOf("b") },
        ],
      })
      .when(nth(2, refunded))
      .then({ state: "refunding", underWay: ["RefundPayment"], sent: [] })
      .when(refunded)
      .then({ state: "voiding", sent: [{ type: "VoidTickets", data: { orderIds: ["a", "b"] } }] });
  });

  it("goes on behind the last seat, after a pause, until no ticket is left", () => {
    refunding
      .when(refunded, refunded, answered("VoidTickets", "TicketsVoided"))
      .then({ state: "resting", data: { bills: [], refunded: 2 } })
      .when(elapsed("100ms"))
      .then({ sent: [{ type: "ListTickets", data: { concertId: "arena", afterSeat: 2 } }] })
      .when(answered("ListTickets", "NoTicketsLeft"))
      .then({ outcome: "refunded", businessState: "refunded", data: { refunded: 2 } });
  });

  it("stops for no ticket that nobody has paid for", () => {
    refunding.when(refunded, answered("RefundPayment", "PaymentVoided")).then({ state: "voiding" });
  });

  it("asks an operator when the provider refuses a refund, and keeps the tickets good until then", () => {
    refunding
      .when(refunded, failed("RefundPayment", "PROVIDER_REFUSED", "invalid"))
      .then({ state: "refunding", parked: "command-refused" });
  });
});

describe("the cancellation flow", () => {
  it("refunds each ticket once while the provider has bad moments", async () => {
    const tickets = fakeParticipant<Cancellation>("tickets", {
      StopSales: answer("SalesStopped"),
      ListTickets: [answer("TicketsListed", two), answer("NoTicketsLeft")],
      VoidTickets: answer("TicketsVoided"),
    });
    const payments = fakeParticipant<Cancellation>("payments", {
      RefundPayment: [fail("PROVIDER_DOWN", 3), answer("PaymentRefunded", { refundId: "r" })],
    });
    const run = await testRun(concertCancellation, { data: begin, participants: [tickets, payments] });
    await run.advance("5m");
    run.expect({ outcome: "refunded", data: { refunded: 2 } });
    assert.deepEqual(
      payments.asked.map(({ data }) => data),
      [billOf("a"), billOf("b")],
    );
  });
});
