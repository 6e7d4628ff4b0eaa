import { defineFlow } from "@sluice/engine/definition";
import type { Duration } from "@sluice/engine/definition";
import { Type } from "typebox";

const Charge = Type.Object({ chargeId: Type.String() });

/** What is owed for one period. */
export const Invoice = Type.Object({
  customerId: Type.String({ minLength: 1, maxLength: 100 }),
  period: Type.Integer({ minimum: 1 }),
  amountMinor: Type.Integer({ minimum: 1 }),
});

/** How often a card may be declined before the invoice counts as unpaid. */
const DECLINES_MAX = 3;

export interface InvoiceTimes {
  /** How long to wait before a declined card is charged again. */
  readonly dunning: Duration;
}

/**
 * The money for one period: charged, or asked for again after a while. It has no undo: the charge and the end of the invoice are one
 * transaction, so there is never an invoice under way whose money was taken.
 */
export const invoiceFlow = ({ dunning }: InvoiceTimes) =>
  defineFlow({
    name: "invoice",
    version: 1,
    data: Type.Object({
      ...Invoice.properties,
      ...Type.Partial(Charge).properties,
      declines: Type.Optional(Type.Integer({ minimum: 1 })),
    }),
    events: { CardCharged: Charge, CardDeclined: Type.Object({}) },
    commands: {
      ChargeCard: { channel: "cards", data: Invoice, answers: ["CardCharged", "CardDeclined"] },
    },
    initial: "charging",
    states: {
      charging: {
        send: { ChargeCard: { pick: ["customerId", "period", "amountMinor"] } },
        on: {
          CardCharged: { target: "paid", update: "merge" },
          CardDeclined: [
            { guard: ({ data }) => (data.declines ?? 0) + 1 >= DECLINES_MAX, target: "unpaid" },
            { target: "declined", update: ({ data }) => ({ ...data, declines: (data.declines ?? 0) + 1 }) },
          ],
        },
      },
      declined: { after: { delay: dunning, target: "charging" } },
      paid: { final: "paid" },
      unpaid: { final: "unpaid" },
    },
  });

export const invoice = invoiceFlow({ dunning: "3d" });
