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
  testFlow,
  testRun,
} from "@sluice/engine/testing";
import { paymentReturn } from "./payment-return.flow.ts";

type Return = FlowTypes<typeof paymentReturn>;

const bill = { orderId: "order-1", amountMinor: 4900, currency: "EUR" } as const;

describe("the rules of a return", () => {
  const begun = testFlow(paymentReturn).given({ data: bill });
  const refunding = begun.when(answered("VoidTicket", "TicketVoided"));

  it("takes the ticket back before the money goes back", () => {
    begun.then({
      state: "voiding-ticket",
      businessState: "returning",
      sent: [{ type: "VoidTicket", data: { orderId: "order-1" } }],
    });
    refunding.then({ state: "refunding", sent: [{ type: "RefundPayment", data: bill }] });
  });

  it("ends with what the provider says: the money is back, or was never taken", () => {
    refunding
      .when(answered("RefundPayment", "PaymentRefunded", { refundId: "refund-1" }))
      .then({ outcome: "refunded" });
    refunding.when(answered("RefundPayment", "PaymentVoided")).then({ outcome: "nothing-paid" });
  });

  it("is patient with a ticket office and with a provider that are away for hours", () => {
    const away = (type: "VoidTicket" | "RefundPayment") =>
      Array.from({ length: 100 }, () => [failed(type), elapsed("30s")] as const).flat();
    begun.when(...away("VoidTicket")).then({ state: "voiding-ticket", parked: null });
    refunding.when(...away("RefundPayment")).then({ state: "refunding", parked: null });
  });
});

it("gives a payment back once while the engine dies on the way", async () => {
  const tickets = fakeParticipant<Return>("tickets", { VoidTicket: answer("TicketVoided") });
  const payments = fakeParticipant<Return>("payments", {
    RefundPayment: [fail("PROVIDER_DOWN", 3), answer("PaymentRefunded", { refundId: "refund-1" })],
  });
  const run = await testRun(paymentReturn, { data: bill, participants: [tickets, payments] });
  run.crashHere("after send", "RefundPayment");
  await run.advance("5m");
  run.expect({ outcome: "refunded" });
  const asked = [...tickets.asked, ...payments.asked].map(({ type }) => type);
  assert.deepEqual(asked, ["VoidTicket", "RefundPayment"]);
});
