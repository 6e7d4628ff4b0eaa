/** Every route of the API, as it describes itself, and what a key must allow for it. A route that is new is held to the same. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { openApi } from "../fixtures/open-engine.ts";
import { until } from "../fixtures/until.ts";
import { manageKeys } from "./manage-keys.ts";

const { engine, url } = await openApi({ after }, { api: { access: { isKeyRequired: true } } });
const keys = manageKeys(engine.store, randomUUID);

interface Route {
  readonly method: string;
  /** With an id that nothing has. */
  readonly path: string;
}

const paths = ((await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, object> })
  .paths;
const ROUTES: readonly Route[] = Object.entries(paths)
  .filter(([path]) => path.startsWith("/v1/"))
  .flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, randomUUID()),
    })),
  );

const isOfKeys = ({ path }: Route): boolean => path.startsWith("/v1/keys");
/** It shows a stack. */
const isOfOneLetter = ({ path }: Route): boolean => path.startsWith("/v1/dead-letters/");
/** A preview changes nothing; it is a POST because of its body. */
const isReading = (route: Route): boolean =>
  (route.method === "GET" && !isOfOneLetter(route)) || route.path === "/v1/jobs/preview";

async function ask({ method, path }: Route, key: string): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const body = method === "POST" ? { body: "{}" } : {};
  const response = await fetch(url + path, { method, headers, ...body });
  await response.text();
  return response.status;
}

async function refusedTo(key: string, status: number): Promise<readonly Route[]> {
  const statuses = await Promise.all(ROUTES.map((route) => ask(route, key)));
  return ROUTES.filter((_, at) => statuses[at] === status);
}

async function make(scope: "read" | "operate" | "admin"): Promise<string> {
  return (await keys.create({ name: scope, scopes: [scope], endsInMs: null }, "test")).key;
}

// Before the first request, after which keys that are made past the API are not known at once.
const [reader, operator, admin] = [await make("read"), await make("operate"), await make("admin")];

test("a key that reads can operate on nothing, and one that operates makes no keys", async () => {
  assert.ok(ROUTES.length > 20);
  const notForReaders = ROUTES.filter((route) => isOfKeys(route) || !isReading(route));
  assert.deepEqual(await refusedTo(reader, 403), notForReaders);
  assert.deepEqual(await refusedTo(operator, 403), ROUTES.filter(isOfKeys));
  assert.deepEqual(await refusedTo(admin, 403), []);
});

test("a key that has expired is refused everywhere, as if it had never been", async () => {
  const made = await fetch(`${url}/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "brief", scopes: ["admin"], expiresInSeconds: 1 }),
  });
  const { key } = (await made.json()) as { readonly key: string };
  const list: Route = { method: "GET", path: "/v1/keys" };
  assert.equal(await ask(list, key), 200);
  await until("the key has expired", async () => ((await ask(list, key)) === 401 ? true : undefined));
  assert.deepEqual(await refusedTo(key, 401), ROUTES);
});
