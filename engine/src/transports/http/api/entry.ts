import { problemResponses } from "../problem-responses.ts";
import type { ApiApp } from "./api-app.ts";
import { Entry } from "./schemas.ts";

/** `GET /v1`: what of the API can be looked at without knowing an id. Must be added before the routes that it names. */
export function addEntryRoute(app: ApiApp): void {
  const links: { readonly href: string; readonly title: string }[] = [];
  app.get(
    "/v1",
    {
      schema: {
        operationId: "getApi",
        tags: ["deployment"],
        summary: "Find out what the API has",
        response: { 200: Entry, ...problemResponses({}) },
      },
    },
    async () => ({ links }),
  );
  app.addHook("onRoute", ({ method, url, schema }) => {
    const title = schema?.summary;
    if (method === "GET" && title !== undefined && !url.includes(":")) links.push({ href: url, title });
  });
}
