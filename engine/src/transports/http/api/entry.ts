import { problemResponses } from "../problem-responses.ts";
import type { ApiApp } from "./api-app.ts";
import { Entry } from "./schemas.ts";

/** `GET /v1` */
export function addEntryRoute(app: ApiApp): void {
  const links = [
    { href: `${app.prefix}/v1/flows`, title: "List flows" },
    { href: `${app.prefix}/v1/runs`, title: "List runs" },
    { href: `${app.prefix}/v1/lanes`, title: "List lanes and their owners" },
  ];
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
}
