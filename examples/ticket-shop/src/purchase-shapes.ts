/** What both versions of the purchase carry. Version 1 does not change any more, so neither does this. */
import type { Duration } from "@sluice/engine/definition";
import { Type } from "typebox";
import type { Static } from "typebox";

export const Text = Type.String({ minLength: 1, maxLength: 200 });
export const Nothing = Type.Object({});

/** What the provider needs to know of an order to charge it, to ask after it and to give the money back. */
export const Bill = Type.Object({
  orderId: Text,
  amountMinor: Type.Integer({ minimum: 1 }),
  currency: Type.String({ pattern: "^[A-Z]{3}$" }),
});
export type Bill = Static<typeof Bill>;
export const Charge = Type.Object({ chargeId: Text });
export const Ticket = Type.Object({ ticketId: Text, seat: Type.Integer({ minimum: 1 }) });
export const OrderId = Type.Object({ orderId: Text });

/** An order as its run knows it: charge and ticket come with time. */
export const Order = Type.Object({
  ...Bill.properties,
  concertId: Text,
  ...Type.Partial(Charge).properties,
  ...Type.Partial(Ticket).properties,
});

export const PURCHASE_EVENTS = {
  PaymentStarted: Nothing,
  PaymentConfirmed: Charge,
  PaymentRefused: Charge,
  OrderExpired: Nothing,
  TicketIssued: Ticket,
  TicketRefused: Type.Object({
    reason: Type.Union([Type.Literal("sold-out"), Type.Literal("unknown-concert"), Type.Literal("canceled")]),
  }),
  TicketVoided: Nothing,
  OrderClosed: Nothing,
  PaymentRefunded: Type.Object({ refundId: Text }),
} as const;

export interface PurchaseTimes {
  /** How long an order may stay unpaid. */
  readonly unpaid: Duration;
  /** When the provider is first asked about a payment nobody has heard of, and how often after that. */
  readonly pollFirst: Duration;
  readonly pollEvery: Duration;
}

/** Those of the README. */
export const PURCHASE_TIMES: PurchaseTimes = { unpaid: "120s", pollFirst: "10s", pollEvery: "5s" };

/** A refund is tried for hours before an operator hears of it: the provider may be away, and the money is not ours. */
export const REFUND_RETRY = { attempts: 1000, first: "1s", factor: 2, max: "30s" } as const;
