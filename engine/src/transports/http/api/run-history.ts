import { decodeCursor, encodeCursor } from "../../../core/cursor.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { bindCursor, linkNext, openCursor } from "./pages.ts";
import type { Listing } from "./pages.ts";
import { HistoryQuery, RunParams, pageOf } from "./schemas.ts";
import { viewHistoryEntry } from "./views.ts";

/** Bytes of JSON in a page, roughly: two hundred entries of 1 MiB each would be held here as long as their reader likes. */
const PAGE_BYTES_MAX = 1_048_576;

/** `GET /v1/runs/{id}/history` */
export function addHistoryRoute(app: ApiApp, engine: ApiEngine): void {
  app.get(
    "/v1/runs/:id/history",
    {
      schema: {
        operationId: "listHistory",
        tags: ["runs"],
        summary: "Read what happened to a run",
        description:
          "Oldest first: every version of the run and what made it; with `afterVersion` those behind that one alone. " +
          "A page ends at `limit`, or with the entry that brings it to 1 MiB.",
        params: RunParams,
        querystring: HistoryQuery,
        response: {
          200: pageOf("HistoryEntry", "A page of the history."),
          ...problemResponses({ 400: "FLOW_BAD_CURSOR", 404: "FLOW_UNKNOWN_RUN", 500: "FLOW_UNREADABLE" }),
        },
      },
    },
    async (request, reply) => {
      const { limit, afterVersion: first = 0 } = request.query;
      const listing: Listing = {
        list: "history",
        filters: { runId: request.params.id, afterVersion: first },
      };
      const cursor = openCursor(listing, request.query.cursor);
      const afterVersion = cursor === undefined ? first : (decodeCursor(cursor, ["version"])[0] as number);
      const page = await engine.client.history({
        runId: request.params.id,
        afterVersion,
        limit,
        bytesMax: PAGE_BYTES_MAX,
      });
      const last = page.items.at(-1);
      // The store's own cursor is its own affair; a version says the same and can be asked for.
      const hasMore = page.cursor !== null && last !== undefined;
      const next = bindCursor(listing, hasMore ? encodeCursor([last.version]) : null);
      linkNext(request, reply, next);
      return { items: page.items.map(viewHistoryEntry), cursor: next };
    },
  );
}
