import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { after, test } from "node:test";
import type { TestContext } from "node:test";
import { manageKeys } from "../access/manage-keys.ts";
import { memoryDatabase, openApi } from "../fixtures/open-engine.ts";
import type { ApiUnderTest } from "../fixtures/open-engine.ts";
import { assertProblem } from "../fixtures/problem.ts";
import { readStream } from "../fixtures/read-stream.ts";
import type { StreamReader } from "../fixtures/read-stream.ts";
import { until } from "../fixtures/until.ts";

const api = await openApi({ after }, { api: { streamBeatMs: 50 } });
const { call, engine, url } = api;
const DATA = { seat: "A1", amountMinor: 4_500 };
const NO_RUN = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";

async function startOrder({ client }: ApiUnderTest["engine"] = engine): Promise<string> {
  const { runId } = await client.start("order", { data: DATA });
  await until("its seat is held", async () =>
    (await client.require(runId)).version === 2 ? true : undefined,
  );
  return runId;
}

const streamOf = (runId: string, base = url) => `${base}/v1/runs/${runId}/stream`;

const versionsOf = ({ events }: StreamReader): number[] =>
  events.flatMap(({ event, id }) => (event === "entry" ? [Number(id)] : []));

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, at) => first + at);

async function seen(stream: StreamReader, version: number): Promise<void> {
  await until(`entry ${version} has come`, async () =>
    versionsOf(stream).at(-1) === version ? true : undefined,
  );
}

async function close(runId: string, { client }: ApiUnderTest["engine"] = engine): Promise<void> {
  await client.send(runId, { type: "Paid", data: { note: "two\nlines" } });
  await client.send(runId, { type: "Closed", data: {} });
}

test("a stream tells each entry once and in order, as the history does, and then the end", async () => {
  const runId = await startOrder();
  const stream = await readStream(streamOf(runId));
  assert.equal(stream.status, 200);
  assert.match(stream.headers.get("content-type") ?? "", /^text\/event-stream/);
  await seen(stream, 2);
  await close(runId);
  await stream.ended;
  assert.deepEqual(versionsOf(stream), [1, 2, 3, 4]);
  const { items } = (await call.get(`/v1/runs/${runId}/history`)).body as { readonly items: unknown[] };
  const entries = stream.events.filter(({ event }) => event === "entry");
  assert.deepEqual(
    entries.map(({ data }) => JSON.parse(data) as unknown),
    items,
  );
  const end = stream.events.at(-1);
  assert.deepEqual([end?.event, end?.id], ["end", null]);
  assert.deepEqual(JSON.parse(end?.data ?? ""), { runId, state: "closed", outcome: "closed", version: 4 });
});

test("a reader that comes back misses nothing and gets nothing twice", async () => {
  const runId = await startOrder();
  const got: number[] = [];
  for (let round = 0; round < 5; round++) {
    const stream = await readStream(streamOf(runId), got.at(-1));
    // One entry while it reads, one while it is away.
    await engine.client.send(runId, { type: "Closed", data: {} }).catch(() => {});
    await seen(stream, 3 + 2 * round);
    stream.close();
    got.push(...versionsOf(stream));
    await engine.client.send(runId, { type: "Closed", data: {} }).catch(() => {});
  }
  await close(runId);
  const stream = await readStream(streamOf(runId), got.at(-1));
  await stream.ended;
  assert.deepEqual([...got, ...versionsOf(stream)], upTo(14));
  assert.equal(stream.events.at(-1)?.event, "end");
});

test("a reader that has everything of a final run is told not to come back", async () => {
  const runId = await startOrder();
  await close(runId);
  const whole = await call.get(`/v1/runs/${runId}/stream`);
  assert.equal(whole.status, 200);
  const headers = { "last-event-id": "4" };
  assert.equal((await call.get(`/v1/runs/${runId}/stream`, { headers })).status, 204);
});

test("a comment comes while nothing happens", async () => {
  const stream = await readStream(streamOf(await startOrder()));
  await until("two beats", async () => (stream.comments.length >= 2 ? true : undefined));
  assert.deepEqual(new Set(stream.comments), new Set(["beat"]));
  stream.close();
});

test("a run of 10,000 entries is streamed whole", async () => {
  const runId = await startOrder();
  const ENTRIES = 10_000;
  for (let sent = 2; sent < ENTRIES - 2; sent += 499)
    await Promise.all(
      Array.from({ length: Math.min(499, ENTRIES - 2 - sent) }, () =>
        engine.client.send(runId, { type: "Closed", data: {} }).catch(() => {}),
      ),
    );
  await close(runId);
  const stream = await readStream(streamOf(runId));
  await stream.ended;
  assert.deepEqual(versionsOf(stream), upTo(ENTRIES));
  assert.equal(stream.events.at(-1)?.event, "end");
});

test("a run that another process owns is streamed too", async (t) => {
  const database = memoryDatabase();
  const owner = await openApi(t, { database });
  const runId = await startOrder(owner.engine);
  const other = await openApi(t, { database, engineId: "engine-b", isStarted: false });
  const stream = await readStream(streamOf(runId, other.url));
  await seen(stream, 2);
  await close(runId, owner.engine);
  await stream.ended;
  assert.deepEqual(versionsOf(stream), [1, 2, 3, 4]);
});

test("past streamsMax a reader is told to come back, and there is room when one has left", async (t) => {
  const few = await openApi(t, { api: { streamsMax: 2 } });
  const runId = await startOrder(few.engine);
  const streams = await Promise.all([0, 1].map(() => readStream(streamOf(runId, few.url))));
  const refused = await few.call.get(`/v1/runs/${runId}/stream`);
  assertProblem(refused, 429, "FLOW_WAIT_FULL", /streamsMax/);
  assert.ok(Number(refused.headers.get("retry-after")) >= 1);
  streams[0]?.close();
  const next = await until("there is room", async () => {
    const stream = await readStream(streamOf(runId, few.url));
    if (stream.status === 200) return stream;
    await stream.ended;
    return undefined;
  });
  for (const stream of [...streams, next]) stream.close();
});

test("readers that leave before they are answered keep no place", async (t) => {
  const few = await openApi(t, { api: { streamsMax: 2 } });
  const runId = await startOrder(few.engine);
  const { hostname, port } = new URL(few.url);
  const leave = async (): Promise<void> => {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(`GET /v1/runs/${runId}/stream HTTP/1.1\r\nHost: test\r\n\r\n`, () => socket.destroy());
    await once(socket, "close");
  };
  for (let nth = 0; nth < 20; nth++) await leave();
  await until("there is room for two", async () => {
    const streams = await Promise.all([0, 1].map(() => readStream(streamOf(runId, few.url))));
    for (const stream of streams) stream.close();
    return streams.every(({ status }) => status === 200) ? true : undefined;
  });
});

test("a stream ends when the server drains, and its reader goes on elsewhere", async (t) => {
  const database = memoryDatabase();
  const first = await openApi(t, { database });
  const runId = await startOrder(first.engine);
  const stream = await readStream(streamOf(runId, first.url));
  await seen(stream, 2);
  await first.stop();
  // A connection that is cut, since its request did not end in time, is an error to its reader.
  await stream.ended;
  assert.equal(stream.events.at(-1)?.event, "entry");
  await close(runId, first.engine);
  const next = await openApi(t, { database, engineId: "engine-b", isStarted: false });
  const rest = await readStream(streamOf(runId, next.url), 2);
  await rest.ended;
  assert.deepEqual([...versionsOf(stream), ...versionsOf(rest)], [1, 2, 3, 4]);
});

/** More than the buffers on the way to a reader hold. */
async function sendNotes(runId: string, { client }: ApiUnderTest["engine"]): Promise<void> {
  await Promise.all(
    Array.from({ length: 4_000 }, () =>
      client.send(runId, { type: "Paid", data: { note: "x".repeat(3_000) } }).catch(() => {}),
    ),
  );
}

/** A reader that has seen the beginning of a stream and takes nothing more. */
async function openSlowly(t: TestContext, address: string, key?: string): Promise<Socket> {
  const { hostname, port, pathname } = new URL(address);
  const socket = connect(Number(port), hostname);
  t.after(() => void socket.destroy());
  socket.on("error", () => {});
  const authorization = key === undefined ? "" : `Authorization: Bearer ${key}\r\n`;
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: test\r\n${authorization}\r\n`);
  const [first] = (await once(socket, "data")) as [Buffer];
  socket.pause();
  assert.match(first.toString("utf8"), /^HTTP\/1\.1 200 /);
  return socket;
}

async function untilFree(address: string, key?: string): Promise<void> {
  await until("the place is free again", async () => {
    const stream = await readStream(address, undefined, key);
    stream.close();
    return stream.status === 200 ? true : undefined;
  });
}

test("a reader that takes nothing is cut and gives its place back", async (t) => {
  const slow = await openApi(t, { api: { streamsMax: 1, streamStallMs: 200 } });
  const runId = await startOrder(slow.engine);
  await sendNotes(runId, slow.engine);
  await openSlowly(t, streamOf(runId, slow.url));
  await untilFree(streamOf(runId, slow.url));
});

/** An API that asks for keys, and makes them. */
async function openGuarded(t: TestContext, streamsMax = 10) {
  const api = await openApi(t, { api: { streamsMax, access: { isKeyRequired: true } } });
  const root = await manageKeys(api.engine.store, randomUUID).create(
    { name: "root", scopes: ["admin"], endsInMs: null },
    "test",
  );
  const headers = { authorization: `Bearer ${root.key}` };
  return {
    ...api,
    async makeKey(expiresInSeconds?: number) {
      const body = { name: "dashboard", scopes: ["read"], expiresInSeconds };
      const made = await api.call.post("/v1/keys", { headers, body });
      assert.equal(made.status, 201);
      return made.body as { readonly keyId: string; readonly key: string };
    },
    async revoke(keyId: string) {
      assert.equal((await fetch(`${api.url}/v1/keys/${keyId}`, { method: "DELETE", headers })).status, 204);
    },
  };
}

test("a stream ends with its key, revoked or expired, and says so", async (t) => {
  const { engine: guarded, url: address, makeKey, revoke } = await openGuarded(t);
  const runId = await startOrder(guarded);
  const open = async (expiresInSeconds?: number) => {
    const { keyId, key } = await makeKey(expiresInSeconds);
    const stream = await readStream(streamOf(runId, address), undefined, key);
    assert.equal(stream.status, 200);
    await seen(stream, 2);
    return { keyId, stream };
  };
  const [kept, revoked, expiring] = [await open(), await open(), await open(3)];
  await revoke(revoked.keyId);
  for (const { stream } of [revoked, expiring]) {
    await stream.ended;
    const { event, data } = stream.events.at(-1) ?? assert.fail("no event");
    assert.equal(event, "refused");
    assert.equal((JSON.parse(data) as { code: string }).code, "FLOW_UNAUTHENTICATED");
  }
  await close(runId, guarded);
  await kept.stream.ended;
  assert.equal(kept.stream.events.at(-1)?.event, "end");
  for (const { stream } of [revoked, expiring]) assert.deepEqual(versionsOf(stream), [1, 2]);
});

test("a reader that takes nothing does not outlive its key either", async (t) => {
  const { engine: guarded, url: address, makeKey, revoke } = await openGuarded(t, 1);
  const runId = await startOrder(guarded);
  await sendNotes(runId, guarded);
  const [old, next] = [await makeKey(), await makeKey()];
  await openSlowly(t, streamOf(runId, address), old.key);
  assert.equal((await readStream(streamOf(runId, address), undefined, next.key)).status, 429);
  await revoke(old.keyId);
  await untilFree(streamOf(runId, address), next.key);
});

test("streams that cannot be are refused", async () => {
  const runId = await startOrder();
  for (const id of [NO_RUN, "42", "%00"])
    assertProblem(await call.get(`/v1/runs/${id}/stream`), 404, "FLOW_UNKNOWN_RUN");
  for (const lastEventId of ["x", "-1", "1.5", "99999999999", "0x1", "1e0", "+1", "1, 1"]) {
    const answer = await call.get(`/v1/runs/${runId}/stream`, { headers: { "last-event-id": lastEventId } });
    assertProblem(answer, 400, "HOST_BAD_REQUEST", /last-event-id/);
  }
  const early = await call.get(`/v1/runs/${runId}/stream`, { headers: { "last-event-id": "9" } });
  assertProblem(early, 400, "FLOW_BAD_QUERY", /has 2/);
});
