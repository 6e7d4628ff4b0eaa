/** The shop as it was before seats had categories, to see its runs migrated: `sluice up examples/ticket-shop/src/version-1.ts`. */
import { createTicketShop } from "./app.ts";
import { shopFlowsOfVersion1 } from "./flows.ts";

export const app = createTicketShop(shopFlowsOfVersion1());
