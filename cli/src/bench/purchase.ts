/** The flow of the benchmark: the path of a purchase that goes well, five transitions, each as in the ticket shop. */
import type { JsonObject } from "@sluice/contracts/envelope";
import { defineFlow } from "@sluice/engine/definition";
import { Type } from "typebox";

/** State entries of one run: created, payment started, paid, ticketed, closed. */
export const TRANSITIONS_PER_RUN = 5;

export const purchase = defineFlow({
  name: "bench-purchase",
  version: 1,
  data: Type.Object(
    {
      orderId: Type.String(),
      concertId: Type.Integer(),
      amountMinor: Type.Integer(),
      currency: Type.String(),
      buyer: Type.Object({ name: Type.String(), email: Type.String(), address: Type.String() }),
      note: Type.String(),
      paymentId: Type.Optional(Type.String()),
      seat: Type.Optional(Type.Integer()),
    },
    { additionalProperties: false },
  ),
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

/** Some 350 bytes of JSON, as the data of a real order. */
export function orderData(orderId: string): JsonObject {
  return {
    orderId,
    concertId: 1,
    amountMinor: 4900,
    currency: "EUR",
    buyer: {
      name: "Ada Lovelace",
      email: "ada.lovelace@example.org",
      address: "12 St James's Square, London SW1Y 4JH",
    },
    note: "Two seats next to each other if that is possible, thank you. Please send the tickets by mail a week before the evening.",
  };
}
