import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { hasCode } from "@sluice/contracts/problem";
import type { Problem } from "@sluice/contracts/problem";
import type { FastifyInstance } from "fastify";
import { createLog } from "../log.ts";
import { createMeter } from "../metrics.ts";
import type { Env } from "../options.ts";
import { createHttpServer, describeErrors, resolveHttpOptions } from "./server.ts";
import type { HttpOptions, HttpServer } from "./server.ts";

interface Running {
  readonly server: HttpServer;
  readonly url: string;
  readonly port: number;
  readonly logged: () => string;
}

const BODY = {
  type: "object",
  required: ["units"],
  additionalProperties: false,
  properties: {
    units: { type: "integer", minimum: 1 },
    mode: { enum: ["fast", "safe"] },
    at: { type: "string", format: "date-time" },
    tags: { type: "array", items: { type: "string" } },
  },
} as const;
const QUERY = {
  type: "object",
  properties: { limit: { type: "integer", maximum: 100 }, order: { enum: ["oldest", "newest"] } },
} as const;

function addRoutes(app: FastifyInstance): void {
  app.post("/v1/orders", { schema: { body: BODY, querystring: QUERY } }, (request) => ({
    body: request.body,
    query: request.query,
  }));
  app.get("/v1/orders/:id", () => ({}));
  app.get("/v1/broken", { schema: { response: { 500: { type: "object", properties: {} } } } }, () => {
    throw new Error("select geheim");
  });
}

async function make(options: HttpOptions = {}, lines: string[] = []): Promise<HttpServer> {
  return createHttpServer({
    options: resolveHttpOptions({ port: 0, ...options }, {}),
    log: createLog({ destination: { write: (line) => void lines.push(line) } }),
    meter: createMeter({ processMetrics: false }),
    info: { title: "Test", version: "1.2.3" },
    errorsPage: "# Errors\n\n| HOST_BAD_REQUEST | 400 | a <b> |\n",
  });
}

async function start(
  t: TestContext,
  options: HttpOptions = {},
  add: (app: FastifyInstance, server: HttpServer) => void = addRoutes,
): Promise<Running> {
  const lines: string[] = [];
  const server = await make(options, lines);
  add(server.app, server);
  const { url, port } = await server.listen();
  t.after(() => server.stop());
  return { server, url, port, logged: () => lines.join("") };
}

function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: "POST", body, headers: { "content-type": "application/json", ...headers } });
}

async function problemOf(response: Response): Promise<Problem> {
  const problem = (await response.json()) as Problem;
  assert.equal(response.headers.get("content-type"), "application/problem+json; charset=utf-8");
  assert.equal(problem.status, response.status);
  assert.equal(problem.type, `/docs/errors#${problem.code}`);
  return problem;
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < 5000; waitedMs += 5) {
    if (await condition()) return;
    await sleep(5);
  }
  throw new Error(`never came true: ${what}`);
}

test("takes bodies as they are and converts only what is text by nature", async (t) => {
  const { url } = await start(t);
  const response = await post(`${url}/v1/orders?limit=5`, '{"units":1}');
  assert.deepEqual(await response.json(), { body: { units: 1 }, query: { limit: 5 } });
});

const BAD_BODIES: readonly (readonly [
  string,
  string,
  string,
  readonly { path: string; message: string }[],
])[] = [
  [
    "a text for a number",
    '{"units":"1"}',
    "",
    [{ path: "body/units", message: "is a text, expected a whole number" }],
  ],
  ["a missing member", "{}", "", [{ path: "body/units", message: "is missing" }]],
  [
    "an unknown member",
    '{"units":1,"x":2}',
    "",
    [{ path: "body/x", message: "is not known here, expected one of: units, mode, at, tags" }],
  ],
  ["a number below its limit", '{"units":0}', "", [{ path: "body/units", message: "must be >= 1" }]],
  [
    "a word that is none of the list",
    '{"units":1,"mode":"x"}',
    "",
    [{ path: "body/mode", message: 'is another text, expected one of "fast", "safe"' }],
  ],
  [
    "a number for a word of a list",
    '{"units":1,"mode":1}',
    "",
    [{ path: "body/mode", message: 'is a number, expected one of "fast", "safe"' }],
  ],
  [
    "an unknown member with a name without an end",
    `{"units":1,"${"x".repeat(500)}":2}`,
    "",
    [
      {
        path: `body/${"x".repeat(80)}`,
        message: "is not known here, expected one of: units, mode, at, tags",
      },
    ],
  ],
  [
    "a word of the query that is none of the list",
    '{"units":1}',
    "?order=up",
    [{ path: "querystring/order", message: 'is "up", expected one of "oldest", "newest"' }],
  ],
  [
    "a text of the wrong format",
    '{"units":1,"at":"x"}',
    "",
    [{ path: "body/at", message: 'must match format "date-time"' }],
  ],
  ["a list as the body", "[]", "", [{ path: "body", message: "is a list, expected an object" }]],
  [
    "a query that is no number",
    '{"units":1}',
    "?limit=x",
    [{ path: "querystring/limit", message: "is a text, expected a whole number" }],
  ],
  [
    "two faults at once",
    '{"units":null,"tags":[1]}',
    "",
    [
      { path: "body/units", message: "is null, expected a whole number" },
      { path: "body/tags/0", message: "is a number, expected a text" },
    ],
  ],
];

for (const [what, body, query, errors] of BAD_BODIES) {
  test(`answers ${what} with 400 and tells where and what`, async (t) => {
    const { url } = await start(t);
    const problem = await problemOf(await post(`${url}/v1/orders${query}`, body));
    assert.deepEqual([problem.status, problem.code, problem["errors"]], [400, "HOST_BAD_REQUEST", errors]);
    assert.ok(problem.detail.startsWith(`${errors[0]?.path} ${errors[0]?.message}`));
  });
}

test("lists at most twenty faults of a body", async (t) => {
  const { url } = await start(t);
  const tags = JSON.stringify(Array.from({ length: 500 }, () => 1));
  const problem = await problemOf(await post(`${url}/v1/orders`, `{"units":1,"tags":${tags}}`));
  assert.equal((problem["errors"] as unknown[]).length, 20);
  assert.match(problem.detail, /\(and 499 more\)/);
});

test("tells the first fault alone of a body that has room for countless ones", async (t) => {
  const { url } = await start(t);
  const tags = JSON.stringify(Array.from({ length: 400_000 }, () => 1));
  const problem = await problemOf(await post(`${url}/v1/orders`, `{"units":1,"tags":${tags}}`));
  assert.deepEqual(problem["errors"], [{ path: "body/tags/0", message: "is a number, expected a text" }]);
  assert.doesNotMatch(problem.detail, /more/);
});

const BAD_REQUESTS: readonly (readonly [string, string, RequestInit, number, string])[] = [
  [
    "malformed JSON",
    "/v1/orders",
    { method: "POST", body: '{"units":', headers: { "content-type": "application/json" } },
    400,
    "HOST_BAD_REQUEST",
  ],
  [
    "JSON that reaches for the prototype",
    "/v1/orders",
    { method: "POST", body: '{"__proto__":{"units":1}}', headers: { "content-type": "application/json" } },
    400,
    "HOST_BAD_REQUEST",
  ],
  [
    "an empty JSON body",
    "/v1/orders",
    { method: "POST", body: "", headers: { "content-type": "application/json" } },
    400,
    "HOST_BAD_REQUEST",
  ],
  ["no body at all", "/v1/orders", { method: "POST" }, 400, "HOST_BAD_REQUEST"],
  [
    "a body of another type",
    "/v1/orders",
    { method: "POST", body: "units=1", headers: { "content-type": "application/x-www-form-urlencoded" } },
    415,
    "HOST_UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "a body that is compressed",
    "/v1/orders",
    {
      method: "POST",
      body: gzipSync('{"units":1}'),
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
    },
    415,
    "HOST_UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "a body that is not UTF-8",
    "/v1/orders",
    { method: "POST", body: new Uint8Array([0x22, 0xff]), headers: { "content-type": "application/json" } },
    400,
    "HOST_BAD_REQUEST",
  ],
  ["a text body", "/v1/orders", { method: "POST", body: "1" }, 415, "HOST_UNSUPPORTED_MEDIA_TYPE"],
  ["a path that cannot be decoded", "/v1/%zz", {}, 400, "HOST_BAD_REQUEST"],
  ["a path with an endless id", `/v1/orders/${"x".repeat(600)}`, {}, 400, "HOST_BAD_REQUEST"],
  ["an unknown path", "/v1/nothing", {}, 404, "HOST_NO_SUCH_ROUTE"],
  ["a known path with another method", "/v1/orders", { method: "DELETE" }, 405, "HOST_METHOD_NOT_ALLOWED"],
];

for (const [what, path, init, status, code] of BAD_REQUESTS) {
  test(`answers ${what} with ${status} ${code}`, async (t) => {
    const { url } = await start(t);
    const problem = await problemOf(await fetch(`${url}${path}`, init));
    assert.deepEqual([problem.status, problem.code], [status, code]);
  });
}

test("tells how a body is to be encoded when it was compressed", async (t) => {
  const { url } = await start(t);
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  const response = await fetch(`${url}/v1/orders`, {
    method: "POST",
    body: gzipSync('{"units":1}'),
    headers,
  });
  assert.equal(response.headers.get("accept-encoding"), "identity");
  assert.match((await problemOf(response)).detail, /encoded as "gzip", expected none/);
  const plain = await post(`${url}/v1/orders`, '{"units":1}', { "content-encoding": "Identity" });
  assert.equal(plain.status, 200);
});

test("names the methods that a path takes to who tries another", async (t) => {
  const { url } = await start(t);
  const cases = [
    ["DELETE", "/v1/orders", "POST"],
    ["POST", "/v1/orders/4711?full=1", "GET, HEAD"],
    ["PUT", "/livez", "GET, HEAD"],
    ["OPTIONS", "/docs/static/index.html", "GET, HEAD"],
  ] as const;
  for (const [method, path, allow] of cases) {
    const response = await fetch(url + path, { method });
    assert.deepEqual([response.status, response.headers.get("allow")], [405, allow], path);
    assert.match((await problemOf(response)).detail, new RegExp(`takes no ${method}, expected`));
  }
  for (const path of ["/v1/orders/", "/v1/orders/1/2", "/livez/x", "/v1"])
    assert.equal((await fetch(url + path, { method: "POST" })).status, 404, path);
});

test("tells a program where to begin, and sends a browser to the documents", async (t) => {
  const { url } = await start(t, {}, (app) => {
    app.get("/v1/things", { schema: { summary: "List things" } }, () => ({}));
    app.get("/v1/things/:id", { schema: { summary: "Read a thing" } }, () => ({}));
    app.get("/v1/hidden", { schema: { summary: "Mine", hide: true } }, () => ({}));
  });
  const entry = await fetch(url);
  const { title, version, links } = (await entry.json()) as {
    readonly title: string;
    readonly version: string;
    readonly links: readonly { readonly href: string; readonly title: string }[];
  };
  assert.deepEqual([title, version, entry.headers.get("vary")], ["Test", "1.2.3", "accept"]);
  assert.deepEqual(
    links.map(({ href }) => href),
    ["/docs", "/openapi.json", "/docs/errors", "/livez", "/readyz", "/metrics", "/v1/things"],
  );
  for (const { href } of links) assert.equal((await fetch(url + href)).status, 200, href);
  const browser = await fetch(url, { headers: { accept: "text/html,*/*;q=0.8" }, redirect: "manual" });
  assert.deepEqual([browser.status, browser.headers.get("location")], [302, "/docs"]);
});

test("leaves its entry to an application that has one", async (t) => {
  const { url } = await start(t, {}, (app) => app.get("/", () => ({ mine: true })));
  assert.deepEqual(await (await fetch(url)).json(), { mine: true });
});

test("answers a body past the limit with 413 and names the limit, announced or not", async (t) => {
  const { url } = await start(t, { bodyBytesMax: 100 });
  const long = `{"units":1,"tags":["${"a".repeat(200)}"]}`;
  const announced = await problemOf(await post(`${url}/v1/orders`, long));
  assert.deepEqual([announced.code, announced["bodyBytesMax"]], ["HOST_BODY_TOO_LARGE", 100]);
  assert.match(announced.detail, /larger than 100 bytes/);
  const chunked = await fetch(`${url}/v1/orders`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: new Blob([long]).stream(),
    duplex: "half",
  } as RequestInit);
  assert.equal((await problemOf(chunked)).code, "HOST_BODY_TOO_LARGE");
});

test("tells nothing of an error nobody foresaw and logs it under the id of the answer", async (t) => {
  const { url, logged } = await start(t);
  const problem = await problemOf(await fetch(`${url}/v1/broken`));
  assert.deepEqual([problem.status, problem.code], [500, "HOST_UNEXPECTED"]);
  assert.doesNotMatch(JSON.stringify(problem), /geheim/);
  assert.match(logged(), new RegExp(`"errorId":"${String(problem["errorId"])}".*select geheim`));
});

async function talk(port: number, bytes: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(bytes);
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

test("answers bytes that are no HTTP, and headers past the limit, with a problem", async (t) => {
  const { port } = await start(t);
  assert.match(
    await talk(port, "geheim\r\n\r\n"),
    /^HTTP\/1.1 400 Bad Request\r\n[^]*"code":"HOST_BAD_REQUEST"/,
  );
  const long = `GET / HTTP/1.1\r\nhost: x\r\nlong: ${"a".repeat(20_000)}\r\n\r\n`;
  assert.match(await talk(port, long), /^HTTP\/1.1 431 [^]*"code":"HOST_HEADERS_TOO_LARGE"/);
});

test("answers a request without Host, and one that expects what nobody knows, with a problem", async (t) => {
  const { port } = await start(t);
  for (const path of ["/v1/orders/1", "/v1/nothing", "/livez"])
    assert.match(
      await talk(port, `GET ${path} HTTP/1.1\r\n\r\n`),
      /^HTTP\/1.1 400 [^]*application\/problem\+json[^]*"code":"HOST_BAD_REQUEST"/,
    );
  assert.match(await talk(port, "GET /livez HTTP/1.0\r\n\r\n"), /^HTTP\/1.1 200 /);
  const head =
    "POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 11\r\n";
  assert.match(
    await talk(port, `${head}expect: tea\r\n\r\n{"units":1}`),
    /^HTTP\/1.1 417 [^]*application\/problem\+json[^]*expects \\"tea\\"[^]*"code":"HOST_EXPECTATION_FAILED"/,
  );
  assert.match(
    await talk(port, `${head}connection: close\r\nexpect: 100-continue\r\n\r\n{"units":1}`),
    /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 /,
  );
});

test("answers a request with several hosts, or with one that is none, with a problem", async (t) => {
  const { port } = await start(t);
  for (const hosts of ["host: a\r\nHOST: b", "host: a b", "host: a/b", "host: a?b"])
    assert.match(
      await talk(port, `GET /livez HTTP/1.1\r\n${hosts}\r\n\r\n`),
      /^HTTP\/1.1 400 [^]*header[^]*Host[^]*"code":"HOST_BAD_REQUEST"/,
      hosts,
    );
  for (const host of ["127.0.0.1:7070", "[::1]:7070", "shop.example", ""])
    assert.match(
      await talk(port, `GET /livez HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
      /^HTTP\/1.1 200 /,
    );
});

/** Sends requests behind one that is never answered, all on one connection. */
async function pipeline(t: TestContext, port: number, requests: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.write("GET /held HTTP/1.1\r\nhost: x\r\n\r\n".repeat(requests));
  return socket;
}

const addHeld = (app: FastifyInstance): void => {
  app.get("/held", () => new Promise(() => {}));
  app.get("/quick", () => ({ done: true }));
};

test("a connection that closes gives back the places of all its requests, answered or not", async (t) => {
  const { url, port } = await start(t, { requestsInFlightMax: 5 }, addHeld);
  const quick = async () => (await fetch(`${url}/quick`)).status;
  for (let round = 0; round < 3; round++) {
    const socket = await pipeline(t, port, 5);
    await until("it has all places", async () => (await quick()) === 429);
    socket.destroy();
    await until("they are free again", async () => (await quick()) === 200);
  }
});

test("one connection does not take the places of all others", async (t) => {
  const { url, port } = await start(t, { requestsInFlightMax: 40 }, addHeld);
  const socket = await pipeline(t, port, 500);
  for (let nth = 0; nth < 20; nth++) assert.equal((await fetch(`${url}/quick`)).status, 200);
  socket.destroy();
});

test("does not wait for ever for a request that never ends", async (t) => {
  const { port } = await start(t, { requestMs: 200 });
  const half =
    "POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{";
  assert.match(await talk(port, half), /^HTTP\/1.1 408 [^]*"code":"HOST_REQUEST_TIMEOUT"/);
});

test("refuses a port that is taken, and names the process that holds it", async (t) => {
  const script = `require("net").createServer().listen(0, "127.0.0.1", function () { process.stdout.write(String(this.address().port)) })`;
  const holder = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => holder.kill("SIGKILL"));
  const [line] = (await once(holder.stdout, "data")) as [Buffer];
  const port = Number(String(line));
  const server = await make({ port });
  await assert.rejects(server.listen(), (error: Error) => {
    assert.ok(hasCode(error, "HOST_PORT_TAKEN"));
    const who = process.platform === "linux" ? `process ${holder.pid} \\(.*node.*\\)` : "another process";
    assert.match(
      error.message,
      new RegExp(
        `port ${port} of 127.0.0.1 is held by ${who}, expected a free port; .*--port.*SLUICE_HTTP_PORT`,
      ),
    );
    return true;
  });
  await server.stop();
});

test("refuses an address that is none of this machine", async () => {
  const server = await make({ host: "192.0.2.1" });
  await assert.rejects(server.listen(), (error) => hasCode(error, "HOST_BAD_OPTION"));
  await server.stop();
});

test("sheds what comes past the limit with 429 and Retry-After, but always answers how it feels", async (t) => {
  const gate = Promise.withResolvers<void>();
  const { url, server } = await start(t, { requestsInFlightMax: 2, retryAfterMs: 2500 }, (app) => {
    app.get("/v1/slow", async () => {
      await gate.promise;
      return { done: true };
    });
  });
  let entered = 0;
  server.app.server.on("request", () => (entered += 1));
  const slow = [fetch(`${url}/v1/slow`), fetch(`${url}/v1/slow`)];
  await until("both are in flight", () => entered === 2);
  const shed = await fetch(`${url}/v1/slow`);
  assert.equal(shed.headers.get("retry-after"), "3");
  assert.deepEqual([(await problemOf(shed)).code, shed.status], ["HOST_OVERLOADED", 429]);
  for (const path of ["/livez", "/readyz", "/metrics"]) assert.equal((await fetch(url + path)).status, 200);
  gate.resolve();
  for (const response of await Promise.all(slow)) assert.equal(response.status, 200);
  assert.equal((await fetch(`${url}/v1/slow`)).status, 200);
});

test("makes nothing of a request for which there is no place: none of the application's code sees it", async (t) => {
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const { url } = await start(t, { requestsInFlightMax: 1 }, (app) => {
    app.addHook("onRequest", (request, _reply, done) => {
      seen.push(request.url);
      done();
    });
    app.post("/v1/slow", async () => {
      await gate.promise;
      return { done: true };
    });
  });
  const slow = fetch(`${url}/v1/slow`, { method: "POST" });
  await until("it is in flight", () => seen.length === 1);
  const body = JSON.stringify({ text: "x".repeat(100_000) });
  for (const method of ["POST", "GET", "HEAD"]) {
    const refused = await fetch(`${url}/v1/other?a=/livez`, {
      method,
      ...(method === "POST" ? { body } : {}),
    });
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [429, "1"], method);
    assert.match(refused.headers.get("content-type") ?? "", /^application\/problem\+json/);
    const text = await refused.text();
    if (method !== "HEAD") assert.equal((JSON.parse(text) as Problem).code, "HOST_OVERLOADED");
  }
  assert.deepEqual(seen, ["/v1/slow"]);
  const metrics = await (await fetch(`${url}/metrics?x=1`)).text();
  assert.match(metrics, /sluice_http_request_seconds_count\{[^}]*status="429"[^}]*\} 1/);
  gate.resolve();
  assert.equal((await slow).status, 200);
});

test("gives back the place of a client that went away", async (t) => {
  const { url } = await start(t, { requestsInFlightMax: 1 }, (app) => {
    app.get("/v1/never", () => new Promise(() => {}));
    app.get("/v1/quick", () => ({ done: true }));
  });
  const left = new AbortController();
  const abandoned = fetch(`${url}/v1/never`, { signal: left.signal });
  await until("the place is taken", async () => (await fetch(`${url}/v1/quick`)).status === 429);
  left.abort();
  await assert.rejects(abandoned);
  await until("the place is free", async () => (await fetch(`${url}/v1/quick`)).status === 200);
});

test("is ready when all checks are, and tells the reason when one is not", async (t) => {
  let database: true | string = true;
  const { url } = await start(t, { checkMs: 50 }, (_app, server) => {
    server.addReadinessCheck("database", () => database);
    server.addReadinessCheck("engine", async () => true);
  });
  const ready = await fetch(`${url}/readyz`);
  assert.deepEqual(await ready.json(), {
    ready: true,
    checks: { database: { ready: true }, engine: { ready: true } },
  });
  database = "the database is away";
  const notReady = await fetch(`${url}/readyz`);
  const problem = await problemOf(notReady);
  assert.deepEqual(
    [problem.status, problem.code, problem.detail],
    [503, "HOST_NOT_READY", "database: the database is away"],
  );
  assert.equal(notReady.headers.get("retry-after"), "1");
  assert.equal((await fetch(`${url}/livez`)).status, 200);
});

test("counts a check that fails or does not answer as not ready", async (t) => {
  const { url } = await start(t, { checkMs: 20 }, (_app, server) => {
    server.addReadinessCheck("broken", () => Promise.reject(new Error("no")));
    server.addReadinessCheck("silent", () => new Promise(() => {}));
  });
  const problem = await problemOf(await fetch(`${url}/readyz`));
  assert.equal(problem.detail, "broken: no; silent: no answer within 20 ms");
});

test("finishes what is in flight when it stops, takes nothing new, and says that it closes the connection", async (t) => {
  const gate = Promise.withResolvers<void>();
  const { server, url, port } = await start(t, {}, (app) => {
    app.get("/v1/slow", async () => {
      await gate.promise;
      return { done: true };
    });
  });
  let entered = 0;
  server.app.server.on("request", () => (entered += 1));
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const idle = connect(port, "127.0.0.1");
  t.after(() => idle.destroy());
  const inFlight = new Promise<unknown>((resolve, reject) => {
    const request = httpRequest(`${url}/v1/slow`, { agent }, (response) => {
      response.resume().once("end", () => resolve([response.statusCode, response.headers.connection]));
    });
    request.once("error", reject).end();
  });
  await until("the request is in flight", () => entered === 1);

  const stopped = server.stop();
  await until("the port is closed", () => !server.app.server.listening);
  await assert.rejects(fetch(`${url}/livez`), "nothing new is accepted");
  gate.resolve();
  assert.deepEqual(await inFlight, [200, "close"]);
  await stopped;
  await server.stop();
});

test("answers 503 on a connection that is still open while it stops", async (t) => {
  const gate = Promise.withResolvers<void>();
  const { server, port } = await start(t, {}, (app) => {
    app.get("/v1/slow", async () => {
      await gate.promise;
      return { done: true };
    });
  });
  let entered = 0;
  server.app.server.on("request", () => (entered += 1));
  const socket = connect(port, "127.0.0.1");
  let answers = "";
  socket.on("data", (chunk) => (answers += String(chunk)));
  const open: Socket[] = [];
  server.app.server.on("connection", (socket: Socket) => open.push(socket));
  const late = connect(port, "127.0.0.1");
  late.on("data", (chunk) => (answers += String(chunk)));
  socket.write("GET /v1/slow HTTP/1.1\r\nhost: x\r\n\r\n");
  late.write("GET /v1/slow HTTP/1.1\r\n");
  await until(
    "both have spoken",
    () => entered === 1 && open.filter((one) => one.bytesRead > 0).length === 2,
  );
  const stopped = server.stop();
  late.write("host: x\r\n\r\n");
  await once(late, "close");
  assert.match(answers, /^HTTP\/1.1 503 [^]*"code":"HOST_STOPPING"/);
  assert.match(answers, /^connection: close\r$/im);
  answers = "";
  gate.resolve();
  await Promise.all([stopped, once(socket, "close")]);
  assert.match(answers, /^HTTP\/1.1 200 /);
});

const REQUEST = "GET /v1/quick HTTP/1.1\r\nhost: x\r\n\r\n";

/** What a connection gets until it closes. */
async function readAll(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk) => (text += String(chunk)));
  await once(socket, "close");
  return text;
}

const quick = (app: Parameters<Parameters<typeof start>[2] & object>[0]): void =>
  void app.get("/v1/quick", () => ({ done: true }));

test("answers who had connected when it stopped, whether it had taken the connection by then or not", async (t) => {
  const { server, port } = await start(t, {}, quick);
  const sockets = Array.from({ length: 50 }, () => connect(port, "127.0.0.1"));
  for (const socket of sockets) {
    t.after(() => socket.destroy());
    socket.write(REQUEST);
  }
  // They are under way: the system takes them, and Node one after the other.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  const answers = Promise.all(sockets.map(readAll));
  await server.stop();
  for (const answer of await answers) assert.match(answer, /^HTTP\/1.1 503 [^]*"code":"HOST_STOPPING"/);
});

test("answers a new connection that speaks a moment after it stopped, and waits for no silent one", async (t) => {
  const { server, port } = await start(t, {}, quick);
  const silent = connect(port, "127.0.0.1");
  const late = connect(port, "127.0.0.1");
  t.after(() => void [silent, late].map((socket) => socket.destroy()));
  await Promise.all([once(silent, "connect"), once(late, "connect")]);
  const [nothing, answer] = [readAll(silent), readAll(late)];
  const stopped = server.stop();
  setTimeout(() => late.write(REQUEST), 100);
  await stopped;
  assert.match(await answer, /^HTTP\/1.1 503 /);
  assert.equal(await nothing, "");
});

test("says that it is not ready before it stops, and serves who still comes", async (t) => {
  const { server, url } = await start(t, { drainMs: 400 }, quick);
  const stopped = server.stop();
  const problem = await problemOf(await fetch(`${url}/readyz`));
  assert.deepEqual([problem.status, problem.code], [503, "HOST_STOPPING"]);
  const served = await fetch(`${url}/v1/quick`);
  assert.deepEqual([served.status, served.headers.get("connection")], [200, "close"]);
  await stopped;
  await assert.rejects(fetch(`${url}/livez`), "nothing new is accepted");
});

test("gives others time to see that it stops only where others reach it, unless it is told how much", () => {
  const drainMs = (options: HttpOptions, env: Env = {}): number => resolveHttpOptions(options, env).drainMs;
  assert.deepEqual(
    [drainMs({}), drainMs({ host: "0.0.0.0" }), drainMs({ host: "0.0.0.0" }, { SLUICE_HTTP_DRAIN_MS: "0" })],
    [0, 5_000, 0],
  );
  assert.equal(drainMs({ drainMs: "2s" }), 2_000);
});

test("cuts what does not finish within the time to stop", async (t) => {
  const { server, url, logged } = await start(t, { stopMs: 50 }, (app) => {
    app.get("/v1/never", () => new Promise(() => {}));
  });
  let entered = 0;
  server.app.server.on("request", () => (entered += 1));
  const cut = fetch(`${url}/v1/never`);
  cut.catch(() => {});
  await until("the request is in flight", () => entered === 1);
  await server.stop();
  await assert.rejects(cut);
  assert.match(logged(), /requests still in flight after the time to stop/);
});

test("describes its routes as OpenAPI 3.1", async (t) => {
  const { url } = await start(t);
  const description = (await (await fetch(`${url}/openapi.json`)).json()) as {
    readonly openapi: string;
    readonly info: unknown;
    readonly paths: Record<string, unknown>;
  };
  assert.equal(description.openapi, "3.1.0");
  assert.deepEqual(description.info, { title: "Test", version: "1.2.3" });
  assert.deepEqual(Object.keys(description.paths).toSorted(), [
    "/",
    "/livez",
    "/metrics",
    "/readyz",
    "/v1/broken",
    "/v1/orders",
    "/v1/orders/{id}",
  ]);
});

test("shows its documents without asking anything of another machine", async (t) => {
  const { url } = await start(t);
  const page = await fetch(`${url}/docs`);
  const html = await page.text();
  assert.match(page.headers.get("content-security-policy") ?? "", /^default-src 'self';/);
  const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? "");
  assert.ok(assets.length > 3);
  for (const asset of assets) {
    const response = await fetch(new URL(asset, `${url}/docs`));
    assert.equal(response.status, 200, asset);
    assert.equal(new URL(response.url).origin, url);
  }
});

test("serves the page of errors with an anchor for each code", async (t) => {
  const { url } = await start(t);
  const html = await (await fetch(`${url}/docs/errors`)).text();
  assert.match(html, /<h1>Errors<\/h1>/);
  assert.match(
    html,
    /<tr id="HOST_BAD_REQUEST"><td>HOST_BAD_REQUEST<\/td><td>400<\/td><td>a &lt;b&gt;<\/td>/,
  );
});

test("serves an application's errors on the page of errors", async (t) => {
  const { url } = await start(t, {}, (app) => {
    app.register(async (scope) => {
      const catalogue = { SHOP_SOLD_OUT: "conflict", SHOP_BIG: { kind: "invalid", http: 413 } } as const;
      const meanings = { SHOP_SOLD_OUT: "Nothing <left>.", SHOP_BIG: "Too much|many." };
      describeErrors(scope, { title: "Shop", catalogue, meanings });
    });
  });
  const html = await (await fetch(`${url}/docs/errors`)).text();
  assert.match(html, /<h2>Shop<\/h2>/);
  const row = (code: string, ...cells: string[]) =>
    `<tr id="${code}"><td><code>${code}</code></td>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
  assert.ok(html.includes(row("SHOP_SOLD_OUT", "conflict", "409", "Nothing &lt;left&gt;.")), html);
  assert.ok(html.includes(row("SHOP_BIG", "invalid", "413", "Too much|many.")), html);
  assert.match(html, /id="HOST_BAD_REQUEST"/);
});

test("measures requests by route, not by path", async (t) => {
  const { url } = await start(t);
  await post(`${url}/v1/orders?limit=1`, '{"units":1}');
  await fetch(`${url}/v1/nothing`);
  const text = await (await fetch(`${url}/metrics`)).text();
  assert.match(
    text,
    /sluice_http_request_seconds_count\{method="POST",route="\/v1\/orders",status="200"\} 1/,
  );
  assert.match(text, /sluice_http_request_seconds_count\{method="GET",route="unknown",status="404"\} 1/);
});

test("refuses options that are out of their limits, all at once", () => {
  assert.throws(
    () => resolveHttpOptions({ port: 70_000 }, { SLUICE_HTTP_BODY_BYTES_MAX: "none" }),
    (error: Error) =>
      /port is 70000[^]*bodyBytesMax is "none" \(from SLUICE_HTTP_BODY_BYTES_MAX\)/.test(error.message),
  );
});
