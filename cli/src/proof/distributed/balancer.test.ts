import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { findFreePort } from "../../up/free-port.ts";
import { Balancer } from "./balancer.ts";

async function replica(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Longer than any test: what a balancer is told of readiness is another matter. */
const NEVER_MS = 600_000;

async function open(t: TestContext, urls: readonly string[], checkMs = NEVER_MS): Promise<Balancer> {
  const balancer = await Balancer.open({ urls, checkMs });
  t.after(() => balancer.close());
  return balancer;
}

const well: RequestListener = (_request, response) => void response.end("{}");
const stopping: RequestListener = (_request, response) =>
  void response.writeHead(503, { "retry-after": "1" }).end("stopping");

test("a replica that refuses, or says when to come again, is passed over once, and no caller sees it", async (t) => {
  const gone = `http://127.0.0.1:${await findFreePort("127.0.0.1")}`;
  for (const [away, why] of [
    [gone, "refused"],
    [await replica(t, stopping), "away"],
  ] as const) {
    const balancer = await open(t, [away, await replica(t, well)]);
    assert.equal((await fetch(balancer.url)).status, 200);
    assert.equal((await fetch(balancer.url)).status, 200);
    assert.deepEqual([balancer.requests, balancer.retried[why], balancer.errors], [2, 1, []]);
  }
});

test("a replica that says it is not ready gets no requests, until it says that it is", async (t) => {
  let isReady = true;
  const asked: string[] = [];
  const leaving = await replica(t, ({ url = "" }, response) => {
    if (url !== "/readyz") asked.push(url);
    response.writeHead(isReady ? 200 : 503).end();
  });
  const balancer = await open(t, [leaving, await replica(t, well)], 5);
  const ask = async (): Promise<void> => {
    for (let nth = 0; nth < 4; nth++) assert.equal((await fetch(balancer.url)).status, 200);
  };
  await ask();
  assert.equal(asked.length, 2);
  isReady = false;
  await until(() => !balancer.isReady(leaving));
  await ask();
  assert.equal(asked.length, 2);
  isReady = true;
  await until(() => balancer.isReady(leaving));
  await ask();
  assert.equal(asked.length, 4);
});

async function until(condition: () => boolean): Promise<void> {
  for (const untilMs = performance.now() + 5_000; !condition(); await sleep(5))
    assert.ok(performance.now() < untilMs, "it comes within 5 s");
}

const cutting: RequestListener = (request) => void request.socket.destroy();

test("what says the same however often it is said is said once more when its connection breaks before an answer", async (t) => {
  const post = { method: "POST", body: JSON.stringify({ id: "e1", type: "Paid" }) };
  const requests: readonly (readonly [string, RequestInit])[] = [
    ["/v1/runs", {}],
    ["/v1/flows/f/runs", { ...post, headers: { "idempotency-key": "k" } }],
    ["/v1/runs/r/events", post],
  ];
  for (const [path, init] of requests) {
    const balancer = await open(t, [await replica(t, cutting), await replica(t, well)]);
    assert.equal((await fetch(balancer.url + path, init)).status, 200);
    assert.deepEqual([balancer.retried.broken, balancer.errors], [1, []]);
  }
});

test("what may not be said twice is not repeated when its connection breaks, and comes over one of its own", async (t) => {
  const connections: unknown[] = [];
  const url = await replica(t, (request, response) => {
    connections.push(request.socket);
    if (connections.length < 3) response.end("{}");
    else request.socket.destroy();
  });
  const balancer = await open(t, [url, url]);
  const start = () => fetch(`${balancer.url}/v1/flows/f/runs`, { method: "POST", body: "{}" });
  assert.deepEqual([(await start()).status, (await start()).status, (await start()).status], [200, 200, 502]);
  assert.equal(new Set(connections).size, 3);
  assert.equal(balancer.retried.broken, 0);
  assert.match(balancer.errors.join(), / POST \/v1\/flows\/f\/runs was answered 502 /);
});

test("what a second replica could not do better is an error that a caller has seen", async (t) => {
  const failing: readonly RequestListener[] = [
    (_request, response) => void response.writeHead(504).end("late"),
    (_request, response) => void response.writeHead(503).end("no time named"),
    (request, response) => {
      response.writeHead(200, { "content-length": "9" }).write("half");
      setImmediate(() => request.socket.destroy());
    },
  ];
  for (const listener of failing) {
    const balancer = await open(t, [await replica(t, listener), await replica(t, well)]);
    assert.ok((await fetch(`${balancer.url}/v1/runs`)).status >= 500);
    assert.equal(balancer.failed, 1);
    assert.match(balancer.errors[0] ?? "", / GET \/v1\/runs was answered 50\d /);
  }
  const both = await open(t, [await replica(t, stopping), await replica(t, stopping)]);
  assert.equal((await fetch(both.url)).status, 503);
  assert.equal(both.failed, 1);
});
