import { unknownFlow } from "../../../client/unknown-flow.ts";
import { toMermaid, toSvg } from "../../../core/diagram.ts";
import { engineError } from "../../../core/errors.ts";
import type { FlowDefinition } from "../../../core/flow.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { bindCursor, cutPage, linkNext, openCursor } from "./pages.ts";
import type { Listing } from "./pages.ts";
import { DiagramQuery, FlowParams, FlowQuery, PageQuery, pageOf, ref } from "./schemas.ts";
import type { StandingPauses } from "./standing-pauses.ts";
import { viewFlow, viewFlowRow } from "./views.ts";

const tags = ["flows"];
const LISTING: Listing = { list: "flows" };

/** `GET /v1/flows` */
export function addFlowListRoute(app: ApiApp, engine: ApiEngine, pauses: StandingPauses): void {
  app.get(
    "/v1/flows",
    {
      schema: {
        operationId: "listFlows",
        tags,
        summary: "List flows",
        description: "By name, each with the versions that are served and how many runs it has.",
        querystring: PageQuery,
        response: {
          200: pageOf("FlowRow", "A page of flows."),
          ...problemResponses({ 400: "FLOW_BAD_CURSOR" }),
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
      const items = page.items.map(async (flow) =>
        viewFlowRow(flow, versionsOf(engine, flow.name), counts, await pauses.ofFlow(flow.name)),
      );
      return { items: await Promise.all(items), cursor: next };
    },
  );
}

/** `GET /v1/flows/{flow}` */
export function addFlowRoute(app: ApiApp, engine: ApiEngine, pauses: StandingPauses): void {
  app.get(
    "/v1/flows/:flow",
    {
      schema: {
        operationId: "getFlow",
        tags,
        summary: "Read a flow's definition and live counts",
        description: "Of its newest version, or of any that was ever served.",
        params: FlowParams,
        querystring: FlowQuery,
        response: { 200: ref("Flow", "The flow."), ...problemResponses({ 404: "FLOW_UNKNOWN_FLOW" }) },
      },
    },
    async ({ params, query }) =>
      viewFlow(
        await findFlow(engine, params.flow, query.version),
        versionsOf(engine, params.flow),
        await engine.client.countStates(params.flow),
        await pauses.ofFlow(params.flow),
      ),
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
        description:
          "Its newest version, or any that was ever served, with the runs of that version; how many there are of others stands in the title.",
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
      const definition = await findFlow(engine, params.flow, query.version);
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

/** The newest version that is served, or any one that is kept: ended runs of a retired version are looked at too. */
async function findFlow(engine: ApiEngine, name: string, version?: number): Promise<FlowDefinition> {
  const { client, store } = engine;
  const served = client.versionsOf(name);
  const flow = version === undefined ? served.at(-1) : served.find((each) => each.version === version);
  if (flow !== undefined) return flow.definition;
  const stored =
    version === undefined ? [] : (await store.listFlowVersions()).filter((row) => row.flow === name);
  const kept = stored.find((row) => row.version === version);
  // What is stored was a definition; only its functions have become their source.
  if (kept !== undefined) return kept.definition as unknown as FlowDefinition;
  if (stored.length === 0)
    throw unknownFlow(
      name,
      client.flows().map((each) => each.name),
    );
  const known = stored.map((row) => row.version).join(", ");
  throw engineError("FLOW_UNKNOWN_FLOW", `no version ${version} of flow ${name}, expected one of: ${known}`, {
    fields: { flow: name, version },
  });
}

function versionsOf({ client }: ApiEngine, name: string): readonly number[] {
  return client.versionsOf(name).map(({ version }) => version);
}
