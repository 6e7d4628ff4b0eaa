import type { FastifyInstance } from "fastify";
import { cancelConcert } from "./cancellations.ts";
import * as messages from "./messages.ts";
import { ENGINE_PROBLEMS, describe } from "./operation.ts";
import type { ShopParts } from "./routes.ts";

/** Canceling a concert, and seeing how far that is, are one call: it may come as often as one likes. */
export function registerCancellations(app: FastifyInstance, { sql, client }: ShopParts): void {
  app.post<{ Params: messages.ConcertParams }>(
    "/shop/concerts/:concertId/cancellation",
    describe(
      {
        operationId: "cancelConcert",
        summary: "Cancel a concert: stop its sales, refund and void its tickets",
        params: messages.ConcertParams,
        answers: { 200: messages.Cancellation, 202: messages.Cancellation },
        problems: { 404: "SHOP_UNKNOWN_CONCERT" },
      },
      ENGINE_PROBLEMS,
    ),
    async ({ params }, reply) => {
      const { isRepeat, ...cancellation } = await cancelConcert(sql, client, params.concertId);
      if (isRepeat) void reply.header("idempotent-replayed", "true");
      return reply
        .code(cancellation.outcome === null ? 202 : 200)
        .header("location", `/v1/runs/${cancellation.runId}`)
        .send(cancellation);
    },
  );
}
