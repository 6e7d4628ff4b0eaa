import { defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";
import { Bill, Nothing, OrderId, REFUND_RETRY, Text } from "./purchase-shapes.ts";

/**
 * An order has ended without a ticket for its buyer, and its payment had been started: what was paid goes back, and what was not paid yet
 * never will be. The ticket is taken back first, or the one that is still on its way is never issued. Each of the two may have happened
 * already.
 */
export const paymentReturn = defineFlow({
  name: "payment-return",
  version: 1,
  data: Bill,
  events: {
    TicketVoided: Nothing,
    PaymentRefunded: Type.Object({ refundId: Text }),
    PaymentVoided: Nothing,
  },
  commands: {
    VoidTicket: { channel: "tickets", data: OrderId, answers: ["TicketVoided"] },
    RefundPayment: { channel: "payments", data: Bill, answers: ["PaymentRefunded", "PaymentVoided"] },
  },
  businessStates: ["returning", "refunded", "nothing-paid"],
  initial: "voiding-ticket",
  states: {
    "voiding-ticket": {
      businessState: "returning",
      send: { VoidTicket: { pick: ["orderId"] } },
      retry: REFUND_RETRY,
      on: { TicketVoided: "refunding" },
    },
    refunding: {
      businessState: "returning",
      send: { RefundPayment: "data" },
      retry: REFUND_RETRY,
      on: { PaymentRefunded: "refunded", PaymentVoided: "nothing-paid" },
    },
    refunded: { businessState: "refunded", final: "refunded" },
    "nothing-paid": { businessState: "nothing-paid", final: "nothing-paid" },
  },
});
