/**
 * Subscriptions as an application of Sluice: `sluice up examples/subscription/src/app.ts`. hurried.ts is the same with seconds in the
 * place of days.
 *
 * | channel | commands | carried out by |
 * | --- | --- | --- |
 * | cards | ChargeCard | cards.ts, in the engine's transaction |
 * | ledger | AddUpCharges | cards.ts, in the engine's transaction |
 * | mail | SendMail | mail.ts, after the commit |
 * | – | CollectInvoice | a run of the flow `invoice` |
 */
import { defineApp } from "@sluice/cli/app";
import type { SluiceApp } from "@sluice/cli/app";
import type { FlowTypes } from "@sluice/engine/definition";
import { local, transactional } from "@sluice/engine/participant";
import type { TransactionSql } from "@sluice/host/postgres";
import { createAudits } from "./audits.ts";
import { addUpCharges, chargeCards } from "./cards.ts";
import { invoice } from "./invoice.flow.ts";
import { mail } from "./mail.ts";
import { report } from "./report.flow.ts";
import { subscription } from "./subscription.flow.ts";

type Invoice = FlowTypes<typeof invoice>;
type Report = FlowTypes<typeof report>;
type Subscription = FlowTypes<typeof subscription>;

export interface SubscriptionFlows {
  readonly subscription: typeof subscription;
  readonly invoice: typeof invoice;
  readonly report: typeof report;
}

export const app = createSubscriptions({ subscription, invoice, report });

/** Subscriptions by these flows. Durations are part of a definition, so who wants other times gives other flows. */
export function createSubscriptions(flows: SubscriptionFlows): SluiceApp {
  return defineApp({
    name: "subscription",
    flows: Object.values(flows),
    migrations: new URL("../migrations/", import.meta.url),
    open: async ({ sql, log }) => ({
      participants: [
        transactional<Invoice, TransactionSql>("cards", { ChargeCard: chargeCards }),
        transactional<Report, TransactionSql>("ledger", { AddUpCharges: addUpCharges }),
        local<Subscription>("mail", mail(log)),
      ],
      audits: createAudits(sql),
    }),
  });
}
