import { defineFlow } from "@sluice/engine/definition";
import type { Duration } from "@sluice/engine/definition";
import { Type } from "typebox";
import { Invoice } from "./invoice.flow.ts";

const Nothing = Type.Object({});
const Email = Type.String({ minLength: 3, maxLength: 200 });
const Amount = Type.Object({ amountMinor: Invoice.properties.amountMinor });

/** Why a subscription is over; the last mail says so. */
const Ending = Type.Union([Type.Literal("canceled"), Type.Literal("unpaid"), Type.Literal("completed")]);
const Mail = Type.Object({ email: Email, mail: Type.Union([Type.Literal("welcome"), Ending]) });

export interface SubscriptionTimes {
  readonly trial: Duration;
  /** From one invoice that is paid to the next. */
  readonly period: Duration;
}

/**
 * A subscription: a trial period, then one invoice for each period until the customer leaves, does not pay, or has had all periods.
 * An invoice is a run of its own, so this one stays short however many years it lasts.
 */
export const subscriptionFlow = ({ trial, period }: SubscriptionTimes) =>
  defineFlow({
    name: "subscription",
    version: 1,
    data: Type.Object({
      customerId: Invoice.properties.customerId,
      email: Email,
      ...Amount.properties,
      /** Absent: it goes on until it is canceled. */
      periodsMax: Type.Optional(Type.Integer({ minimum: 1 })),
      paidPeriods: Type.Optional(Type.Integer({ minimum: 1 })),
      ending: Type.Optional(Ending),
    }),
    events: {
      MailSent: Nothing,
      InvoicePaid: Invoice,
      InvoiceUnpaid: Invoice,
      InvoiceWaived: Invoice,
      AmountChanged: Amount,
      SubscriptionCanceled: Nothing,
    },
    commands: {
      SendMail: { channel: "mail", data: Mail, answers: ["MailSent"] },
      CollectInvoice: {
        flow: "invoice",
        data: Invoice,
        // Whoever cancels an invoice waives it: the period is free.
        outcomes: { paid: "InvoicePaid", unpaid: "InvoiceUnpaid", canceled: "InvoiceWaived" },
        // A period that has begun is owed, though the customer leaves in it.
        whenLeft: "keep",
      },
    },
    businessStates: ["trial", "active", "ended"],
    initial: "in-trial",
    states: {
      "in-trial": {
        businessState: "trial",
        send: { SendMail: ({ email }) => ({ email, mail: "welcome" }) },
        on: {
          // A mail that cannot be sent ends no subscription.
          MailSent: {},
          commandFailed: {},
          AmountChanged: { update: "merge" },
          SubscriptionCanceled: "leaving",
        },
        after: { delay: trial, target: "billing" },
      },
      billing: {
        businessState: "active",
        send: {
          CollectInvoice: ({ customerId, amountMinor, paidPeriods = 0 }) => ({
            customerId,
            amountMinor,
            period: paidPeriods + 1,
          }),
        },
        on: {
          InvoicePaid: [
            {
              guard: ({ data, event }) => event.period === data.periodsMax,
              target: "leaving",
              update: {
                set: { "/paidPeriods": { from: "/event/period" }, "/ending": { value: "completed" } },
              },
            },
            { target: "active", update: { set: { "/paidPeriods": { from: "/event/period" } } } },
          ],
          InvoiceWaived: { target: "active", update: { set: { "/paidPeriods": { from: "/event/period" } } } },
          InvoiceUnpaid: { target: "leaving", update: { set: { "/ending": { value: "unpaid" } } } },
          AmountChanged: { update: "merge" },
          // The invoice under way goes on by itself.
          SubscriptionCanceled: "leaving",
        },
      },
      active: {
        businessState: "active",
        on: { AmountChanged: { update: "merge" }, SubscriptionCanceled: "leaving" },
        after: { delay: period, target: "billing" },
      },
      leaving: {
        businessState: "ended",
        send: { SendMail: ({ email, ending = "canceled" }) => ({ email, mail: ending }) },
        on: {
          MailSent: [
            { guard: ({ data }) => data.ending === "completed", target: "completed" },
            { guard: ({ data }) => data.ending === "unpaid", target: "unpaid" },
            { target: "canceled" },
          ],
          commandFailed: [
            { guard: ({ data }) => data.ending === "completed", target: "completed" },
            { guard: ({ data }) => data.ending === "unpaid", target: "unpaid" },
            { target: "canceled" },
          ],
        },
      },
      completed: { businessState: "ended", final: "completed" },
      unpaid: { businessState: "ended", final: "unpaid" },
      canceled: { businessState: "ended", final: "canceled" },
    },
  });

export const subscription = subscriptionFlow({ trial: "14d", period: "30d" });
