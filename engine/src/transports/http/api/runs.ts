import { isTime } from "../../../core/audit-times.ts";
import type { Page, RunRow } from "../../../core/ports.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { etagOf, namesEtag } from "./etag.ts";
import { assertKnown } from "./known-names.ts";
import { bindCursor, linkNext, openCursor, pageBody } from "./pages.ts";
import type { Listing } from "./pages.ts";
import { parseUpdatedSince } from "./parse-updated-since.ts";
import { ReadHeaders, RunListQuery, RunParams, pageOf, ref } from "./schemas.ts";
import type { StandingPauses } from "./standing-pauses.ts";
import { viewRun, viewRunRow } from "./views.ts";

const tags = ["runs"];

/** `GET /v1/runs` */
export function addRunListRoute(app: ApiApp, engine: ApiEngine): void {
  app.get(
    "/v1/runs",
    {
      schema: {
        operationId: "listRuns",
        tags,
        summary: "List runs",
        description: "Newest first. The list follows the runs a moment behind; `GET /v1/runs/{id}` is exact.",
        querystring: RunListQuery,
        response: {
          200: pageOf("RunRow", "A page of runs."),
          ...problemResponses({
            400: "FLOW_BAD_QUERY, FLOW_BAD_CURSOR",
            404: "FLOW_UNKNOWN_FLOW",
            422: "FLOW_UNKNOWN_STATE",
          }),
        },
      },
    },
    async (request, reply) => {
      // "Since a quarter of an hour ago" is another time at each page, and all the same the list goes on.
      const { updatedSince, cursor, limit, ...filters } = request.query;
      const listing: Listing = { list: "runs", filters };
      const inner = openCursor(listing, cursor);
      const page = await engine.client.list({
        ...filters,
        limit,
        ...(inner === undefined ? {} : { cursor: inner }),
        ...(updatedSince === undefined ? {} : { updatedSinceMs: parseUpdatedSince(updatedSince) }),
      });
      if (page.items.length === 0 && cursor === undefined) await assertKnown(engine, filters);
      const next = bindCursor(listing, page.cursor);
      linkNext(request, reply, next);
      const { items, ...rest } = splitRows(page.items);
      return pageBody(items.map(viewRunRow), next, rest);
    },
  );
}

/** Lists are read by far more than show a row's times, so that it is here where those must be ones that can be shown. */
function splitRows(rows: readonly RunRow[]): Pick<Page<RunRow>, "items" | "unreadable"> {
  const isShown = (row: RunRow) => isTime(row.enteredAtMs) && isTime(row.updatedAtMs);
  const items = rows.filter(isShown);
  if (items.length === rows.length) return { items };
  const fault =
    "run_search: entered_at or updated_at is no time; run `sluice audit`, and restore the row from a backup";
  return { items, unreadable: rows.filter((row) => !isShown(row)).map(({ runId: id }) => ({ id, fault })) };
}

/** `GET /v1/runs/{id}` */
export function addRunRoute(app: ApiApp, engine: ApiEngine, pauses: StandingPauses): void {
  app.get(
    "/v1/runs/:id",
    {
      schema: {
        operationId: "getRun",
        tags,
        summary: "Read a run",
        description:
          "Its `ETag` is its version, and what holds it back: with `If-None-Match` an unchanged run is answered 304.",
        params: RunParams,
        headers: ReadHeaders,
        response: {
          200: {
            ...ref("Run", "The run."),
            headers: { ETag: { type: "string", description: "Its version, and what holds it back." } },
          },
          304: { type: "null", description: "Unchanged." },
          ...problemResponses({ 404: "FLOW_UNKNOWN_RUN", 500: "FLOW_UNREADABLE" }),
        },
      },
    },
    async ({ params, headers }, reply) => {
      const run = await engine.client.require(params.id);
      const holding = await pauses.ofRun(run);
      const etag = etagOf(run, holding);
      void reply.header("etag", etag).header("cache-control", "no-cache");
      return namesEtag(headers["if-none-match"], etag) ? reply.code(304).send() : viewRun(run, holding);
    },
  );
}
