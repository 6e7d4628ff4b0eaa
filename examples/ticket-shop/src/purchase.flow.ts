import { defineFlow } from "@sluice/engine/definition";
import type { Duration } from "@sluice/engine/definition";
import { Type } from "typebox";

const Text = Type.String({ minLength: 1, maxLength: 200 });
const Nothing = Type.Object({});

/** What the provider needs to know of an order to charge it, to ask after it and to give the money back. */
const Bill = Type.Object({
  orderId: Text,
  amountMinor: Type.Integer({ minimum: 1 }),
  currency: Type.String({ pattern: "^[A-Z]{3}$" }),
});
const Charge = Type.Object({ chargeId: Text });
const Ticket = Type.Object({ ticketId: Text, seat: Type.Integer({ minimum: 1 }) });
const Refund = Type.Object({ refundId: Text });
const Order = Type.Object({
  ...Bill.properties,
  concertId: Text,
  ...Type.Partial(Charge).properties,
  ...Type.Partial(Ticket).properties,
  ...Type.Partial(Refund).properties,
});

export interface PurchaseTimes {
  /** How long an order may stay unpaid. */
  readonly unpaid: Duration;
  /** When the provider is first asked about a payment nobody has heard of, and how often after that. */
  readonly pollFirst: Duration;
  readonly pollEvery: Duration;
}

/**
 * A ticket is bought: the order is paid, gets its ticket and is closed. A provider that never calls back is asked, an order that
 * is never paid expires, and who paid for a seat that was gone gets the money back.
 */
export const purchaseFlow = ({ unpaid, pollFirst, pollEvery }: PurchaseTimes) =>
  defineFlow({
    name: "purchase",
    version: 1,
    data: Order,
    events: {
      PaymentStarted: Nothing,
      PaymentConfirmed: Charge,
      PaymentRefused: Charge,
      OrderExpired: Nothing,
      TicketIssued: Ticket,
      TicketRefused: Type.Object({
        reason: Type.Union([Type.Literal("sold-out"), Type.Literal("unknown-concert")]),
      }),
      OrderClosed: Nothing,
      PaymentRefunded: Refund,
    },
    channels: ["payments", "tickets", "orders"],
    commands: {
      CheckPayment: {
        channel: "payments",
        data: Bill,
        answers: ["PaymentConfirmed", "PaymentRefused", "OrderExpired"],
      },
      IssueTicket: {
        channel: "tickets",
        data: Type.Object({ orderId: Text, concertId: Text }),
        answers: ["TicketIssued", "TicketRefused"],
      },
      CloseOrder: { channel: "orders", data: Type.Object({ orderId: Text }), answers: ["OrderClosed"] },
      RefundPayment: { channel: "payments", data: Bill, answers: ["PaymentRefunded"] },
    },
    businessStates: ["open", "paid", "closed", "failed", "expired", "refunded"],
    initial: "order-created",
    states: {
      "order-created": {
        businessState: "open",
        on: { PaymentStarted: "payment-pending", OrderExpired: "expired" },
        after: { delay: unpaid, event: "OrderExpired" },
      },
      "payment-pending": {
        businessState: "open",
        poll: {
          send: { CheckPayment: { pick: ["orderId", "amountMinor", "currency"] } },
          first: pollFirst,
          every: pollEvery,
        },
        on: {
          PaymentConfirmed: { target: "paid", update: "merge" },
          PaymentRefused: "failed",
          OrderExpired: "expired",
        },
      },
      paid: {
        businessState: "paid",
        send: { IssueTicket: { pick: ["orderId", "concertId"] } },
        on: {
          TicketIssued: { target: "ticketed", update: "merge" },
          TicketRefused: "refunding",
          commandFailed: "refunding",
        },
      },
      ticketed: {
        businessState: "paid",
        send: { CloseOrder: { pick: ["orderId"] } },
        on: { OrderClosed: "closed" },
      },
      refunding: {
        businessState: "paid",
        send: { RefundPayment: { pick: ["orderId", "amountMinor", "currency"] } },
        retry: { attempts: 1000, first: "1s", factor: 2, max: "30s" },
        on: { PaymentRefunded: { target: "refunded", update: "merge" } },
      },
      closed: { businessState: "closed", final: "closed" },
      failed: { businessState: "failed", final: "failed" },
      expired: { businessState: "expired", final: "expired" },
      refunded: { businessState: "refunded", final: "refunded" },
    },
  });

/** The state table of the README. */
export const purchase = purchaseFlow({ unpaid: "120s", pollFirst: "10s", pollEvery: "5s" });
