import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { AuditQuery } from "./operation-schemas.ts";
import { viewAction } from "./operation-views.ts";
import { linkNext } from "./pages.ts";
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
          ...problemResponses({ 400: "FLOW_BAD_QUERY, FLOW_BAD_CURSOR" }),
        },
      },
    },
    async (request, reply) => {
      const page = await operator.listActions(request.query);
      linkNext(request, reply, page.cursor);
      return { items: page.items.map(viewAction), cursor: page.cursor };
    },
  );
}
