import { compensate, defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";
import {
  Bill,
  Nothing,
  Order,
  OrderId,
  PURCHASE_EVENTS,
  PURCHASE_TIMES,
  REFUND_RETRY,
  Text,
} from "./purchase-shapes.ts";
import type { PurchaseTimes } from "./purchase-shapes.ts";

const Premium = Type.Literal("premium");
const Category = Type.Union([Type.Literal("standard"), Premium]);

/**
 * A ticket is bought: the order is paid, gets its ticket and is closed. A provider that never calls back is asked, an order that
 * is never paid expires, and who paid for a seat that was gone gets the money back.
 * Since version 2 a seat has a category, an unpaid order may still be upgraded, and a payment is taken back from the moment in which it
 * is started: also when nobody knows yet whether it was made.
 */
export const purchaseFlow = ({ unpaid, pollFirst, pollEvery }: PurchaseTimes) =>
  defineFlow({
    name: "purchase",
    version: 2,
    migrations: [{ from: 1, data: { set: { "/category": { value: "standard" } } } }],
    data: Type.Object({ ...Order.properties, category: Category }),
    events: {
      ...PURCHASE_EVENTS,
      UpgradeChosen: Type.Object({ category: Premium, amountMinor: Bill.properties.amountMinor }),
      PaymentVoided: Nothing,
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
        data: Type.Object({
          orderId: Text,
          concertId: Text,
          category: Category,
          amountMinor: Bill.properties.amountMinor,
        }),
        answers: ["TicketIssued", "TicketRefused"],
      },
      VoidTicket: { channel: "tickets", data: OrderId, answers: ["TicketVoided"] },
      CloseOrder: { channel: "orders", data: OrderId, answers: ["OrderClosed"] },
      RefundPayment: { channel: "payments", data: Bill, answers: ["PaymentRefunded", "PaymentVoided"] },
    },
    businessStates: ["open", "paid", "closed", "failed", "expired", "refunded"],
    initial: "order-created",
    states: {
      "order-created": {
        businessState: "open",
        on: {
          UpgradeChosen: { update: "merge" },
          // From here on the order may be charged at any instant, and a callback be lost. The undo closes it at the provider or, if that
          // comes too late, gives the money back.
          PaymentStarted: {
            target: "payment-pending",
            undo: {
              send: { RefundPayment: { pick: ["orderId", "amountMinor", "currency"] } },
              retry: REFUND_RETRY,
            },
          },
          OrderExpired: "expired",
        },
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
        send: { IssueTicket: { pick: ["orderId", "concertId", "category", "amountMinor"] } },
        undo: {
          IssueTicket: {
            send: { VoidTicket: { pick: ["orderId"] } },
            // Not where it failed: over a broker it may still arrive.
            unless: ["TicketRefused"],
            // The money goes back afterwards, so it is as patient.
            retry: REFUND_RETRY,
          },
        },
        on: {
          TicketIssued: { target: "ticketed", update: "merge" },
          TicketRefused: compensate("refunded"),
          commandFailed: compensate("refunded"),
        },
      },
      ticketed: {
        businessState: "paid",
        send: { CloseOrder: { pick: ["orderId"] } },
        on: { OrderClosed: "closed" },
      },
      closed: { businessState: "closed", final: "closed" },
      failed: { businessState: "failed", final: "failed" },
      expired: { businessState: "expired", final: "expired" },
      refunded: { businessState: "refunded", final: "refunded" },
    },
  });

/** The state table of the README. */
export const purchase = purchaseFlow(PURCHASE_TIMES);
