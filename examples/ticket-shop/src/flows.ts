import type { FlowDefinition } from "@sluice/engine/definition";
import { concertCancellation } from "./concert-cancellation.flow.ts";
import { nightlyReport } from "./nightly-report.flow.ts";
import { paymentReturn } from "./payment-return.flow.ts";
import { purchase1Flow } from "./purchase-1.flow.ts";
import { purchaseFlow } from "./purchase.flow.ts";
import { PURCHASE_TIMES } from "./purchase-shapes.ts";
import type { PurchaseTimes } from "./purchase-shapes.ts";

const OTHERS = [paymentReturn, concertCancellation, nightlyReport] as const;

/** What the shop serves: version 1 of the purchase as well, for the runs that began with it. New ones take version 2. */
export function shopFlows(times: PurchaseTimes = PURCHASE_TIMES): readonly FlowDefinition[] {
  return [purchase1Flow(times), purchaseFlow(times), ...OTHERS];
}

/** What it served before seats had categories. */
export function shopFlowsOfVersion1(times: PurchaseTimes = PURCHASE_TIMES): readonly FlowDefinition[] {
  return [purchase1Flow(times), ...OTHERS];
}
