import type { FastifyInstance } from "fastify";
import * as messages from "./messages.ts";
import { describe } from "./operation.ts";
import type { ShopParts } from "./routes.ts";
import { listReports } from "./store/list-reports.ts";

export function registerReports(app: FastifyInstance, { sql }: ShopParts): void {
  app.get<{ Querystring: messages.ReportsQuery }>(
    "/shop/reports",
    describe({
      operationId: "listReports",
      summary: "What was sold and given back on a day, concert by concert",
      querystring: messages.ReportsQuery,
      answers: { 200: messages.Reports },
    }),
    async ({ query }): Promise<messages.Reports> => {
      const items = await listReports(sql, query.day ?? null, query.cursor, query.limit);
      return { items, cursor: items.length < query.limit ? null : (items.at(-1)?.concertId ?? null) };
    },
  );
}
