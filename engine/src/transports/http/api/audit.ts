import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { AuditQuery } from "./operation-schemas.ts";
import { viewAction } from "./operation-views.ts";
import { bindCursor, linkNext, openCursor, pageBody } from "./pages.ts";
import type { Listing } from "./pages.ts";
import { pageOf } from "./schemas.ts";

/** `GET /v1/audit` */
export function addAuditRoute(app: ApiApp, { operator }: ApiEngine): void {
  app.get(
    "/v1/audit",
    {
      schema: {
        operationId: "listAudit",
        tags: ["operations"],
        summary: "List what operators did",
        description: "Newest first: who did what, why, to how many runs, and when.",
        querystring: AuditQuery,
        response: {
          200: pageOf("AuditEntry", "A page of the audit."),
          ...problemResponses({ 400: "FLOW_BAD_CURSOR" }),
        },
      },
    },
    async (request, reply) => {
      const { cursor, limit, ...filters } = request.query;
      const listing: Listing = { list: "audit", filters };
      const inner = openCursor(listing, cursor);
      const page = await operator.listActions({
        ...filters,
        limit,
        ...(inner === undefined ? {} : { cursor: inner }),
      });
      const next = bindCursor(listing, page.cursor);
      linkNext(request, reply, next);
      return pageBody(page.items.map(viewAction), next, page);
    },
  );
}
