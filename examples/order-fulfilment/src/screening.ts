import type { FlowTypes } from "@sluice/engine/definition";
import type { LocalHandlers } from "@sluice/engine/participant";
import type { order } from "./order.flow.ts";

/** From this amount on an order is as risky as can be. */
const RISKY_MINOR = 100_000;

/** Tells how risky an order is. It changes nothing anywhere, so there is nothing to look up and nothing to take back. */
export const screening: LocalHandlers<FlowTypes<typeof order>> = {
  ScreenOrder: async ({ data }) => ({
    type: "OrderScreened",
    data: { risk: Math.min(100, Math.floor((100 * data.amountMinor) / RISKY_MINOR)) },
  }),
};
