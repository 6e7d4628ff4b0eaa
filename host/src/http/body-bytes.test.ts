import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Problem } from "@sluice/contracts/problem";
import { createLog } from "../log.ts";
import { createMeter } from "../metrics.ts";
import { createHttpServer, resolveHttpOptions } from "./server.ts";
import type { HttpOptions } from "./server.ts";

const BODY_BYTES_MAX = 60_000;
const BODIES_BYTES_MAX = 100_000;

/** A server that takes bodies, and at `/held` keeps their answers back. */
async function start(
  t: TestContext,
  options: HttpOptions = {},
): Promise<{ readonly url: string; readonly port: number }> {
  const limits = { bodyBytesMax: BODY_BYTES_MAX, bodiesBytesMax: BODIES_BYTES_MAX, retryAfterMs: 2500 };
  const server = await createHttpServer({
    options: resolveHttpOptions({ port: 0, ...limits, ...options }, {}),
    log: createLog({ destination: { write: () => {} } }),
    meter: createMeter({ processMetrics: false }),
    info: { title: "Test", version: "1.2.3" },
  });
  server.app.post("/quick", () => ({ done: true }));
  server.app.post("/held", () => new Promise(() => {}));
  server.app.post("/broken", () => {
    throw new Error("broken");
  });
  const { url, port } = await server.listen();
  t.after(() => server.stop());
  return { url, port };
}

/** A JSON text of so many bytes. */
const textOf = (bytes: number): string => `"${"x".repeat(bytes - 2)}"`;

function post(url: string, body: string | ReadableStream, type = "application/json"): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body,
    headers: { "content-type": type },
    ...(typeof body === "string" ? {} : { duplex: "half" }),
  } as RequestInit);
}

async function statusOf(response: Promise<Response>): Promise<number> {
  const answer = await response;
  await answer.arrayBuffer();
  return answer.status;
}

/** A request whose head has left and whose body has not. */
async function begin(t: TestContext, port: number, header: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.write(`POST /quick HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${header}\r\n\r\n`);
  return socket;
}

async function untilStatus(expected: number, ask: () => Promise<Response>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if ((await statusOf(ask())) === expected) return;
    await sleep(10);
  }
  assert.fail(`never answered ${expected}`);
}

test("bodies that are announced count before they arrive, and past the limit of all are told when to come back", async (t) => {
  const { url, port } = await start(t);
  const slow = await begin(t, port, "content-length: 60000");
  const ask = (): Promise<Response> => post(`${url}/quick`, textOf(50_000));
  await untilStatus(429, ask);
  const refused = await ask();
  const problem = (await refused.json()) as Problem;
  assert.equal(refused.headers.get("retry-after"), "3");
  assert.deepEqual([problem.code, problem["bodiesBytesMax"]], ["HOST_OVERLOADED", BODIES_BYTES_MAX]);
  assert.match(problem.detail, /have 60000 bytes and this one 50000 more, expected at most 100000 in all/);
  assert.equal(await statusOf(post(`${url}/quick`, textOf(40_000))), 200, "a body that fits is taken");
  assert.equal((await fetch(`${url}/livez`)).status, 200);

  slow.write(textOf(60_000));
  const [answer] = (await once(slow, "data")) as [Buffer];
  assert.match(String(answer), /^HTTP\/1.1 200 /);
  await untilStatus(200, ask);
});

test("bodies that do not tell their length count as they arrive", async (t) => {
  const { url, port } = await start(t);
  const slow = await begin(t, port, "transfer-encoding: chunked");
  assert.equal(
    await statusOf(post(`${url}/quick`, textOf(60_000))),
    200,
    "what has not arrived counts nothing",
  );
  slow.write(`${(55_000).toString(16)}\r\n"${"x".repeat(54_999)}\r\n`);
  const ask = (): Promise<Response> => post(`${url}/quick`, textOf(50_000));
  await untilStatus(429, ask);
  const chunked = await post(`${url}/quick`, new Blob([textOf(50_000)]).stream());
  assert.equal(((await chunked.json()) as Problem).code, "HOST_OVERLOADED");

  slow.write(`1\r\n"\r\n0\r\n\r\n`);
  const [answer] = (await once(slow, "data")) as [Buffer];
  assert.match(String(answer), /^HTTP\/1.1 200 /);
  await untilStatus(200, ask);
  assert.equal(await statusOf(post(`${url}/quick`, new Blob([textOf(50_000)]).stream())), 200);
});

test("a body in countless chunks counts what it costs to hold them", async (t) => {
  const { port } = await start(t);
  const socket = await begin(t, port, "transfer-encoding: chunked");
  socket.write(`1\r\n"\r\n${"1\r\nx\r\n".repeat(2_000)}`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  assert.match(String(answer), /^HTTP\/1.1 429 [^]*"code":"HOST_OVERLOADED"/);
});

test("what a body has counted is given back however its request ends", async (t) => {
  const { url, port } = await start(t);
  const { signal, abort } = abortable();
  const left = fetch(`${url}/held`, {
    method: "POST",
    body: textOf(60_000),
    headers: { "content-type": "application/json" },
    signal,
  });
  const ask = (): Promise<Response> => post(`${url}/quick`, textOf(60_000));
  await untilStatus(429, ask);
  abort();
  await assert.rejects(left);
  await untilStatus(200, ask);

  const cut = await begin(t, port, "content-length: 60000");
  cut.write('"xxxx');
  await untilStatus(429, ask);
  cut.destroy();
  await untilStatus(200, ask);

  const chunked = await begin(t, port, "transfer-encoding: chunked");
  chunked.write(`${(55_000).toString(16)}\r\n"${"x".repeat(54_999)}\r\n`);
  await untilStatus(429, ask);
  chunked.destroy();
  await untilStatus(200, ask);

  for (let times = 0; times < 4; times++) {
    assert.equal(await statusOf(post(`${url}/broken`, textOf(60_000))), 500);
    assert.equal(await statusOf(post(`${url}/quick`, "x".repeat(60_000))), 400);
    assert.equal(await statusOf(post(`${url}/quick`, textOf(60_000), "text/csv")), 415);
    assert.equal(await statusOf(post(`${url}/nothing`, textOf(60_000))), 404);
    assert.equal(await statusOf(post(`${url}/quick`, textOf(60_001))), 413);
    const stream = new Blob([textOf(60_001)]).stream();
    assert.equal(await statusOf(post(`${url}/quick`, stream)), 413);
  }
  await untilStatus(200, ask);
});

test("a body that is announced and does not come is refused, and holds no place for others any more", async (t) => {
  const { url, port } = await start(t, { bodySilenceMs: 100 });
  for (const header of ["content-length: 60000", "transfer-encoding: chunked"]) {
    const silent = await begin(t, port, header);
    silent.write(header.startsWith("content") ? '"xxx' : '4\r\n"xxx\r\n');
    const [answer] = (await once(silent, "data")) as [Buffer];
    assert.match(String(answer), /^HTTP\/1.1 408 [^]*connection: close[^]*"code":"HOST_REQUEST_TIMEOUT"/);
    await once(silent, "close");
  }
  await untilStatus(200, () => post(`${url}/quick`, textOf(60_000)));
});

test("a body that comes slowly and an answer that takes its time are no silence", async (t) => {
  const { port } = await start(t, { bodySilenceMs: 200 });
  const slow = await begin(t, port, "content-length: 12");
  for (const part of ['"xxxx', "xxxxxx", '"']) {
    await sleep(120);
    slow.write(part);
  }
  const [answer] = (await once(slow, "data")) as [Buffer];
  assert.match(String(answer), /^HTTP\/1.1 200 /);
});

function abortable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

test("a limit on all bodies that is below that on one is refused", () => {
  const large = resolveHttpOptions({ bodyBytesMax: 1_000_000_000 }, {});
  assert.equal(large.bodiesBytesMax, 1_000_000_000);
  assert.equal(resolveHttpOptions({}, {}).bodiesBytesMax, 268_435_456);
  assert.throws(
    () => resolveHttpOptions({ bodyBytesMax: 2_000 }, { SLUICE_HTTP_BODIES_BYTES_MAX: "1999" }),
    /bodiesBytesMax is "1999" \(from SLUICE_HTTP_BODIES_BYTES_MAX\), expected a whole number of at least 2000/,
  );
});
