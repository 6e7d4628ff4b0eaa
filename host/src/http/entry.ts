/** What stands at `/`: for a program the routes to begin with, for a person the documents. */
import type { FastifyInstance } from "fastify";
import type { Api } from "./docs.ts";

export interface EntryLink {
  readonly href: string;
  readonly title: string;
}

/** Collects what `/` points to: routes that are described and need no parameter. Must be called before the routes are added. */
export function trackLinks(app: FastifyInstance): readonly EntryLink[] {
  const links: EntryLink[] = [];
  app.addHook("onRoute", ({ method, url, schema }) => {
    const summary = schema?.summary;
    if (method === "GET" && summary !== undefined && schema?.hide !== true && !/[:*]/.test(url))
      links.push({ href: url, title: summary });
  });
  return links;
}

const LINK = { type: "object", properties: { href: { type: "string" }, title: { type: "string" } } };
const ENTRY = {
  description: "What this is, and where to begin.",
  type: "object",
  properties: {
    title: { type: "string" },
    version: { type: "string" },
    links: { type: "array", items: LINK },
  },
};

/** Adds `/`, unless the application has one of its own: to be called when all other routes are there. */
export function registerEntry(
  app: FastifyInstance,
  { title, version }: Api,
  links: readonly EntryLink[],
): void {
  if (app.hasRoute({ method: "GET", url: "/" })) return;
  const all: readonly EntryLink[] = [
    { href: "/docs", title: "The API to read and to try" },
    { href: "/openapi.json", title: "The API as OpenAPI 3.1" },
    { href: "/docs/errors", title: "Every error code" },
    ...links,
  ];
  const schema = {
    operationId: "getEntry",
    tags: ["documents"],
    summary: "Find out where to begin",
    description: "A browser is sent to the documents.",
    response: { 200: ENTRY, 302: { type: "null", description: "To the documents." } },
  };
  app.get("/", { schema }, async ({ headers }, reply) => {
    void reply.header("vary", "accept");
    if (headers.accept?.includes("text/html") === true) return reply.redirect("/docs", 302);
    return { title, version, links: all };
  });
}
