/** The path of a purchase that goes well, five transitions, each as in the ticket shop. */
import { defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";
import { OrderSchema } from "./order.ts";

export const purchase = defineFlow({
  name: "bench-purchase",
  version: 1,
  data: OrderSchema,
  events: {
    PaymentStarted: Type.Object({}),
    PaymentConfirmed: Type.Object({ paymentId: Type.String() }),
    OrderExpired: Type.Object({}),
    TicketIssued: Type.Object({ seat: Type.Integer() }),
    OrderClosed: Type.Object({}),
  },
  commands: {
    IssueTicket: {
      channel: "tickets",
      data: Type.Object({ orderId: Type.String(), concertId: Type.Integer() }),
      answers: ["TicketIssued"],
    },
    CloseOrder: {
      channel: "orders",
      data: Type.Object({ orderId: Type.String() }),
      answers: ["OrderClosed"],
    },
  },
  initial: "order-created",
  states: {
    "order-created": {
      on: { PaymentStarted: "payment-pending", OrderExpired: "expired" },
      after: { delay: "120s", event: "OrderExpired" },
    },
    "payment-pending": {
      on: {
        PaymentConfirmed: {
          target: "paid",
          update: ({ data, event }) => ({ ...data, paymentId: event.paymentId }),
        },
      },
      after: { delay: "10m", target: "expired" },
    },
    paid: {
      send: { IssueTicket: ({ orderId, concertId }) => ({ orderId, concertId }) },
      on: {
        TicketIssued: { target: "ticketed", update: ({ data, event }) => ({ ...data, seat: event.seat }) },
      },
    },
    ticketed: { send: { CloseOrder: ({ orderId }) => ({ orderId }) }, on: { OrderClosed: "closed" } },
    closed: { final: "completed" },
    expired: { final: "expired" },
  },
});
