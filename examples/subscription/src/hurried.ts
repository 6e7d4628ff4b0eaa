import { createSubscriptions } from "./app.ts";
import { invoiceFlow } from "./invoice.flow.ts";
import { reportFlow } from "./report.flow.ts";
import { subscriptionFlow } from "./subscription.flow.ts";

/** A trial of five seconds and months of ten: to watch, in a data directory of its own. */
export const app = createSubscriptions({
  subscription: subscriptionFlow({ trial: "5s", period: "10s" }),
  invoice: invoiceFlow({ dunning: "3s" }),
  report: reportFlow({ closing: "0,30 * * * * *" }),
});
