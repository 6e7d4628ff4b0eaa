import { compensate, defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";
import {
  Bill,
  Order,
  OrderId,
  PURCHASE_EVENTS,
  PURCHASE_TIMES,
  REFUND_RETRY,
  Text,
} from "./purchase-shapes.ts";
import type { PurchaseTimes } from "./purchase-shapes.ts";

/** The purchase before seats had categories. Runs that began with it end with it, unless they are migrated: so it does not change any more. */
export const purchase1Flow = ({ unpaid, pollFirst, pollEvery }: PurchaseTimes) =>
  defineFlow({
    name: "purchase",
    version: 1,
    data: Order,
    events: PURCHASE_EVENTS,
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
      VoidTicket: { channel: "tickets", data: OrderId, answers: ["TicketVoided"] },
      CloseOrder: { channel: "orders", data: OrderId, answers: ["OrderClosed"] },
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
          PaymentConfirmed: {
            target: "paid",
            update: "merge",
            undo: {
              send: { RefundPayment: { pick: ["orderId", "amountMinor", "currency"] } },
              retry: REFUND_RETRY,
            },
          },
          PaymentRefused: "failed",
          OrderExpired: "expired",
        },
      },
      paid: {
        businessState: "paid",
        send: { IssueTicket: { pick: ["orderId", "concertId"] } },
        undo: {
          IssueTicket: {
            send: { VoidTicket: { pick: ["orderId"] } },
            // It is carried out within a transaction: where it fails there is no ticket.
            unless: ["TicketRefused", "commandFailed"],
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

export const purchase1 = purchase1Flow(PURCHASE_TIMES);
