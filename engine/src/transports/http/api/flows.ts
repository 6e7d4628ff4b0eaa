import type { CompiledFlow } from "../../../core/compile-flow.ts";
import { toMermaid, toSvg } from "../../../core/diagram.ts";
import { engineError } from "../../../core/errors.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { bindCursor, cutPage, linkNext, openCursor } from "./pages.ts";
import type { Listing } from "./pages.ts";
import { DiagramQuery, FlowParams, PageQuery, pageOf, ref } from "./schemas.ts";
import { viewFlow, viewFlowRow } from "./views.ts";

const tags = ["flows"];
const LISTING: Listing = { list: "flows" };

/** `GET /v1/flows` */
export function addFlowListRoute(app: ApiApp, engine: ApiEngine): void {
  app.get(
    "/v1/flows",
    {
      schema: {
        operationId: "listFlows",
        tags,
        summary: "List flows",
        description: "By name, each with its newest version and how many runs it has.",
        querystring: PageQuery,
        response: {
          200: pageOf("FlowRow", "A page of flows."),
          ...problemResponses({ 400: "FLOW_BAD_QUERY, FLOW_BAD_CURSOR" }),
        },
      },
    },
    async (request, reply) => {
      const { limit } = request.query;
      const cursor = openCursor(LISTING, request.query.cursor);
      const flows = [...engine.client.flows()].sort((a, b) => (a.name < b.name ? -1 : 1));
      // A name is as good a cursor as any: it may be one that has gone meanwhile.
      const page = cutPage(flows, limit, {
        of: ({ name }) => name,
        isBehind: ({ name }) => cursor === undefined || name > cursor,
      });
      const counts = await engine.client.countStates();
      const next = bindCursor(LISTING, page.cursor);
      linkNext(request, reply, next);
      return { items: page.items.map((flow) => viewFlowRow(flow, counts)), cursor: next };
    },
  );
}

/** `GET /v1/flows/{flow}` */
export function addFlowRoute(app: ApiApp, engine: ApiEngine): void {
  app.get(
    "/v1/flows/:flow",
    {
      schema: {
        operationId: "getFlow",
        tags,
        summary: "Read a flow's definition and live counts",
        params: FlowParams,
        response: { 200: ref("Flow", "The flow."), ...problemResponses({ 404: "FLOW_UNKNOWN_FLOW" }) },
      },
    },
    async ({ params }) =>
      viewFlow(requireFlow(engine, params.flow), await engine.client.countStates(params.flow)),
  );
}

/** `GET /v1/flows/{flow}/diagram` */
export function addDiagramRoute(app: ApiApp, engine: ApiEngine): void {
  app.get(
    "/v1/flows/:flow/diagram",
    {
      schema: {
        operationId: "getFlowDiagram",
        tags,
        summary: "Draw a flow with live counts per state",
        description: "The newest version; runs of older ones are counted in the states of the same name.",
        params: FlowParams,
        querystring: DiagramQuery,
        response: {
          200: {
            description: "The diagram.",
            content: {
              "text/plain": { schema: { type: "string" } },
              "image/svg+xml": { schema: { type: "string" } },
            },
          },
          ...problemResponses({ 404: "FLOW_UNKNOWN_FLOW" }),
        },
      },
    },
    async ({ params, query }, reply) => {
      const { definition } = requireFlow(engine, params.flow);
      const counts = await engine.client.countStates(params.flow);
      void reply.header("cache-control", "no-cache");
      if (query.format === "mermaid")
        return reply.type("text/plain; charset=utf-8").send(toMermaid(definition, counts));
      // A picture that is opened by itself runs nothing, whatever names a flow has.
      void reply.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
      return reply.type("image/svg+xml; charset=utf-8").send(toSvg(definition, counts));
    },
  );
}

function requireFlow({ client }: ApiEngine, name: string): CompiledFlow {
  const flow = client.flows().find((each) => each.name === name);
  if (flow !== undefined) return flow;
  const known = client
    .flows()
    .map((each) => each.name)
    .join(", ");
  throw engineError("FLOW_UNKNOWN_FLOW", `no flow ${name.slice(0, 80)}, expected one of: ${known || "none"}`);
}
