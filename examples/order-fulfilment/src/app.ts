/**
 * Orders as an application of Sluice: `sluice up examples/order-fulfilment/src/app.ts`.
 *
 * | channel | commands | carried out by |
 * | --- | --- | --- |
 * | warehouse | HoldStock, ReleaseStock | warehouse.ts, in the engine's transaction |
 * | screening | ScreenOrder | screening.ts, after the commit |
 * | payments | ChargePayment, RefundPayment | payments.ts, after the commit |
 * | couriers | BookPickup, ReleasePickup, ShipParcel, RecallParcel | couriers.ts, after the commit; a parcel is answered for later |
 */
import { defineApp } from "@sluice/cli/app";
import type { FlowTypes } from "@sluice/engine/definition";
import { local, transactional } from "@sluice/engine/participant";
import type { TransactionSql } from "@sluice/host/postgres";
import { createAudits } from "./audits.ts";
import { couriers } from "./couriers.ts";
import { order } from "./order.flow.ts";
import { createPaymentProvider } from "./payments.ts";
import { warehouseRoutes } from "./routes.ts";
import { screening } from "./screening.ts";
import { holdStock, releaseStock } from "./warehouse.ts";

type Order = FlowTypes<typeof order>;

export const app = defineApp({
  name: "order-fulfilment",
  flows: [order],
  migrations: new URL("../migrations/", import.meta.url),
  open: async ({ sql, log, baseUrl }) => ({
    participants: [
      transactional<Order, TransactionSql>("warehouse", { HoldStock: holdStock, ReleaseStock: releaseStock }),
      local<Order>("screening", screening),
      local<Order>("payments", createPaymentProvider().handlers),
      local<Order>("couriers", couriers(log)),
    ],
    routes: () => warehouseRoutes(sql),
    audits: createAudits(sql),
    links: [{ name: "stock", url: `${baseUrl}/stock` }],
  }),
});
