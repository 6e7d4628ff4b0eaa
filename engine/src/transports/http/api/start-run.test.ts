import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Run } from "../../../core/run.ts";
import type { Engine } from "../../../create-engine.ts";
import type { Answered } from "../fixtures/call-api.ts";
import { openApi } from "../fixtures/open-engine.ts";
import { until } from "../fixtures/until.ts";

const { call, engine } = await openApi({ after }, { api: { waitMsMax: 2_000 } });
const ORDERS = "/v1/flows/order/runs";
const INSTANTS = "/v1/flows/instant/runs";
const DATA = { seat: "A1", amountMinor: 4_500 };

function bodyOf({ body }: Answered): Record<string, unknown> {
  return body as Record<string, unknown>;
}

/** The run that was started with this idempotency key; when it can be listed, its caller waits already. */
function runOf({ client }: Engine, startId: string): Promise<Run> {
  return until("the run is there", async () => {
    const page = await client.list({ flow: "order", limit: 200 });
    const runs = await Promise.all(page.items.map(({ runId }) => client.get(runId)));
    return runs.find((run) => run?.startId === startId) ?? undefined;
  });
}

test("a start is answered 201 with the run's id and where it is read", async () => {
  const answer = await call.post(ORDERS, { body: { data: DATA } });
  const { runId } = bodyOf(answer);
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.body, { runId, flow: "order", key: null });
  assert.equal(answer.headers.get("location"), `/v1/runs/${String(runId)}`);
  assert.equal(answer.headers.get("idempotent-replayed"), null);
  const read = await call.get(String(answer.headers.get("location")));
  assert.deepEqual(bodyOf(read)["data"], DATA);
});

test("a start that is repeated with its idempotency key is answered 200 with the same run", async () => {
  const request = { body: { key: "order-1", data: DATA }, headers: { "idempotency-key": "i-1" } };
  const [first, again] = [await call.post(ORDERS, request), await call.post(ORDERS, request)];
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.deepEqual(again.body, first.body);
  assert.equal(again.headers.get("idempotent-replayed"), "true");
  assert.equal(again.headers.get("location"), first.headers.get("location"));
});

test("starts with one idempotency key that come together make one run", async () => {
  const request = { body: { data: DATA }, headers: { "idempotency-key": "i-together" } };
  const answers = await Promise.all(Array.from({ length: 10 }, () => call.post(ORDERS, request)));
  assert.equal(new Set(answers.map((answer) => bodyOf(answer)["runId"])).size, 1);
  assert.equal(answers.filter(({ status }) => status === 201).length, 1);
});

test("a start that waits is answered 200 with the final run", async () => {
  const answer = await call.post(INSTANTS, { body: { data: {} }, headers: { prefer: "wait=5" } });
  assert.equal(answer.status, 200);
  assert.deepEqual([bodyOf(answer)["outcome"], bodyOf(answer)["version"]], ["stamped", 2]);
  // Wished for 5 s; waitMsMax allows 2 s.
  assert.equal(answer.headers.get("preference-applied"), "wait=2");
});

test("a repeat that waits is answered with the final run too", async () => {
  const request = { body: { data: {} }, headers: { prefer: "wait=1", "idempotency-key": "i-wait" } };
  const [first, again] = [await call.post(INSTANTS, request), await call.post(INSTANTS, request)];
  assert.deepEqual([again.status, again.body], [200, first.body]);
  assert.equal(again.headers.get("idempotent-replayed"), "true");
});

test("a start that waits is answered as soon as the run ends", async () => {
  const headers = { prefer: "respond-async, wait=2", "idempotency-key": "i-soon" };
  const waiting = call.post(ORDERS, { body: { data: DATA }, headers });
  const run = await runOf(engine, "i-soon");
  await call.post(`/v1/runs/${run.runId}/events`, { body: { type: "Paid", data: {} } });
  await call.post(`/v1/runs/${run.runId}/events`, { body: { type: "Closed", data: {} } });
  const answer = await waiting;
  assert.deepEqual([answer.status, bodyOf(answer)["outcome"]], [200, "closed"]);
});

test("a start whose run does not end within the wait is answered 202", async () => {
  const answer = await call.post(ORDERS, { body: { data: DATA }, headers: { prefer: "wait=0" } });
  assert.equal(answer.status, 202);
  assert.equal(answer.headers.get("location"), `/v1/runs/${String(bodyOf(answer)["runId"])}`);
  assert.equal(answer.headers.get("preference-applied"), "wait=0");
});

test("a start that wishes no wait is answered 202 at once", async () => {
  const answer = await call.post(INSTANTS, { body: { data: {} }, headers: { prefer: "respond-async" } });
  assert.equal(answer.status, 202);
  assert.equal(answer.headers.get("preference-applied"), "respond-async");
});

test("a wish that nobody understands is passed over", async () => {
  for (const prefer of ["wait=soon", "return=minimal", "wait=-1", ",,=;", "wait"]) {
    const answer = await call.post(ORDERS, { body: { data: DATA }, headers: { prefer } });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get("preference-applied"), null);
  }
});

test("a start is answered 202 when too many callers wait already, for it is durable", async (t) => {
  const full = await openApi(t, { engine: { waitersMax: 1 } });
  const first = full.call.post(ORDERS, { body: { data: DATA }, headers: { prefer: "wait=1" } });
  const answer = await until("the place to wait is taken", async () => {
    const each = await full.call.post(ORDERS, { body: { data: DATA }, headers: { prefer: "wait=1" } });
    return each.headers.get("preference-applied") === null ? each : undefined;
  });
  assert.equal(answer.status, 202);
  assert.equal((await full.call.get(`/v1/runs/${String(bodyOf(answer)["runId"])}`)).status, 200);
  assert.equal((await first).status, 202);
});

test("a server that stops sends away who waits at once, with the run that goes on", async (t) => {
  const stopping = await openApi(t, { http: { stopMs: 30_000 } });
  const headers = { prefer: "wait=30", "idempotency-key": "i-stop" };
  const waiting = stopping.call.post(ORDERS, { body: { data: DATA }, headers });
  await runOf(stopping.engine, "i-stop");
  const beganMs = performance.now();
  await stopping.stop();
  const answer = await waiting;
  assert.ok(performance.now() - beganMs < 3_000, `${performance.now() - beganMs} ms`);
  assert.deepEqual([answer.status, answer.headers.get("preference-applied")], [202, null]);
  const runId = String(bodyOf(answer)["runId"]);
  assert.equal((await stopping.engine.client.require(runId)).state, "created");
});

test("a caller that goes away leaves its place to the next who waits", async (t) => {
  const full = await openApi(t, { engine: { waitersMax: 1 } });
  const gone = new AbortController();
  const headers = { "content-type": "application/json", prefer: "wait=30", "idempotency-key": "i-gone" };
  const init = { method: "POST", headers, body: JSON.stringify({ data: DATA }), signal: gone.signal };
  const left = fetch(full.url + ORDERS, init).catch(() => {});
  const { runId } = await runOf(full.engine, "i-gone");
  await assert.rejects(full.engine.client.waitFinal(runId, 0), { code: "FLOW_WAIT_FULL" });
  gone.abort();
  await left;
  await until("the place is free", () =>
    full.engine.client.waitFinal(runId, 0).then(
      () => true,
      () => undefined,
    ),
  );
});

test("a start whose lane has no owner is kept, answered 202 and taken in later", async (t) => {
  const ownerless = await openApi(t, { isStarted: false, engine: { leaseMs: 300 } });
  const answer = await ownerless.call.post(ORDERS, { body: { data: DATA } });
  const { runId } = bodyOf(answer);
  assert.equal(answer.status, 202);
  assert.equal((await ownerless.call.get(`/v1/runs/${String(runId)}`)).status, 404);
  await ownerless.engine.start();
  const run = await until(
    "the run is taken in",
    async () => (await ownerless.engine.client.get(String(runId))) ?? undefined,
  );
  assert.deepEqual(run.data, DATA);
});
