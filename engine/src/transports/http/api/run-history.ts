import { decodeCursor, encodeCursor } from "../../../core/cursor.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { linkNext } from "./pages.ts";
import { PageQuery, RunParams, pageOf } from "./schemas.ts";
import { viewHistoryEntry } from "./views.ts";

/** `GET /v1/runs/{id}/history` */
export function addHistoryRoute(app: ApiApp, engine: ApiEngine): void {
  app.get(
    "/v1/runs/:id/history",
    {
      schema: {
        operationId: "listHistory",
        tags: ["runs"],
        summary: "Read what happened to a run",
        description: "Oldest first: every version of the run and what made it.",
        params: RunParams,
        querystring: PageQuery,
        response: {
          200: pageOf("HistoryEntry", "A page of the history."),
          ...problemResponses({ 400: "FLOW_BAD_QUERY, FLOW_BAD_CURSOR", 404: "FLOW_UNKNOWN_RUN" }),
        },
      },
    },
    async (request, reply) => {
      const { cursor, limit } = request.query;
      const afterVersion = cursor === undefined ? 0 : (decodeCursor(cursor, ["version"])[0] as number);
      const page = await engine.client.history({ runId: request.params.id, afterVersion, limit });
      const last = page.items.at(-1);
      // The store's own cursor is its own affair; a version says the same and can be asked for.
      const next = page.cursor === null || last === undefined ? null : encodeCursor([last.version]);
      linkNext(request, reply, next);
      return { items: page.items.map(viewHistoryEntry), cursor: next };
    },
  );
}
