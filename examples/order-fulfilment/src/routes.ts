import type { Sql } from "@sluice/host/postgres";
import type { FastifyPluginAsync } from "fastify";
import { Type } from "typebox";
import { listStock } from "./store/list-stock.ts";

const Stock = Type.Object({
  sku: Type.String(),
  availableUnits: Type.Integer(),
  heldUnits: Type.Integer(),
});

/** What the warehouse holds, to be looked at. */
export function warehouseRoutes(sql: Sql): FastifyPluginAsync {
  const schema = {
    tags: ["warehouse"],
    summary: "All articles of the warehouse",
    response: { 200: Type.Array(Stock) },
  };
  return async (server) => {
    server.get("/stock", { schema }, () => listStock(sql));
  };
}
