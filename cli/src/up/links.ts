import type { RunningServer } from "./start-server.ts";

/** What there is to open and to know of a running server, as names and values. */
export function linksOf({ url, links, database }: Pick<RunningServer, "url" | "links" | "database">) {
  const pairs: (readonly [string, string])[] = [
    ["API", `${url}/v1`],
    ["docs", `${url}/docs`],
    ["OpenAPI", `${url}/openapi.json`],
    ["health", `${url}/readyz`],
    ["metrics", `${url}/metrics`],
    ...links.map((link) => [link.name, link.url] as const),
    ["database", database.hint],
  ];
  if (database.dataDirectory !== undefined) pairs.push(["data directory", database.dataDirectory]);
  return pairs;
}
