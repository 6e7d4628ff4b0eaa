import assert from "node:assert/strict";
import { after, test } from "node:test";
import { resolveEngineOptions } from "../../../runtime/options.ts";
import type { Call } from "../fixtures/call-api.ts";
import { openApi } from "../fixtures/open-engine.ts";
import { assertProblem } from "../fixtures/problem.ts";
import { until } from "../fixtures/until.ts";

const { call, engine } = await openApi(
  { after },
  { http: { bodyBytesMax: 10_000 }, engine: { dataBytesMax: 2_000 } },
);
const ORDERS = "/v1/flows/order/runs";
const DATA = { seat: "A1", amountMinor: 4_500 };
const NO_RUN = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";

async function startOrder(): Promise<string> {
  return (await engine.client.start("order", { data: DATA })).runId;
}

async function countRuns(): Promise<number> {
  const counts = await engine.client.countStates();
  return counts.reduce((sum, { runs }) => sum + runs, 0);
}

test("a body that is no JSON is refused", async () => {
  for (const text of ["{", "", "nonsense", '{"data":{"__proto__":{"admin":true}}}'])
    assertProblem(await call.post(ORDERS, { text }), 400, "HOST_BAD_REQUEST");
  const answer = await call.post(ORDERS, { text: "data=1", headers: { "content-type": "text/plain" } });
  assertProblem(answer, 415, "HOST_UNSUPPORTED_MEDIA_TYPE");
});

test("a body of wrong types is refused and told which", async () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [null, /body is null, expected an object/],
    [[], /body is a list, expected an object/],
    ["x", /body is a text/],
    [{}, /body\/data is missing/],
    [{ data: "x" }, /body\/data is a text, expected an object/],
    [{ data: null }, /body\/data is null/],
    [{ data: [] }, /body\/data is a list/],
    [{ key: 7, data: DATA }, /body\/key is a number, expected a text/],
    [{ key: "", data: DATA }, /body\/key/],
    [{ key: "x".repeat(201), data: DATA }, /body\/key/],
    [{ key: "a\u0000b", data: DATA }, /body\/key/],
  ];
  for (const [body, detail] of cases)
    assertProblem(await call.post(ORDERS, { body }), 400, "HOST_BAD_REQUEST", detail);
});

test("a body that is null or a list is refused wherever an object is expected, absent or not", async () => {
  const runId = await startOrder();
  const paths = [
    "/v1/flows/order/runs",
    ...["events", "cancel", "retry", "redrive", "skip", "force", "migrate"].map(
      (way) => `/v1/runs/${runId}/${way}`,
    ),
    ...["/v1/jobs", "/v1/jobs/preview", `/v1/jobs/${runId}/stop`],
    ...[
      "/v1/dead-letters/redrive",
      "/v1/pauses",
      "/v1/pauses/resume",
      "/v1/keys",
      "/v1/keys/71e590748883/rotate",
    ],
  ];
  for (const path of paths)
    for (const [text, found] of [
      ["null", /^body is null, expected an object/],
      ["[]", /^body is a list, expected an object/],
    ] as const)
      assertProblem(await call.post(path, { text }), 400, "HOST_BAD_REQUEST", found);
});

test("a name that stands twice in a body is refused", async () => {
  const text = '{"data":{"seat":"A1","amountMinor":1,"amountMinor":100}}';
  assertProblem(
    await call.post("/v1/flows/order/runs", { text }),
    400,
    "HOST_BAD_REQUEST",
    /"amountMinor" twice/,
  );
});

test("numbers that would be stored as others are refused", async () => {
  const before = await countRuns();
  for (const amountMinor of ["1e400", "9007199254740993"]) {
    const text = `{"data":{"seat":"A1","amountMinor":${amountMinor}}}`;
    assertProblem(
      await call.post(ORDERS, { text }),
      400,
      "HOST_BAD_REQUEST",
      /"amountMinor" would not be kept/,
    );
  }
  const data = { seat: "A1", amountMinor: 1, extra: Number.NaN };
  await assert.rejects(engine.client.start("order", { data }), {
    code: "FLOW_BAD_DATA",
    message: /\/extra is NaN/,
  });
  assert.equal(await countRuns(), before);
});

test("data that JSON would change is refused before it travels to another owner, or to the inbox", async (t) => {
  const { engine: ownerless } = await openApi(t, { isStarted: false, engine: { leaseMs: 300 } });
  const data = { ...DATA, extra: Number.NaN };
  await assert.rejects(ownerless.client.start("order", { data }), { code: "FLOW_BAD_DATA" });
  const event = { type: "Paid", data: { note: new Date(0) as unknown as string } };
  await assert.rejects(ownerless.client.send(NO_RUN, event), { code: "FLOW_BAD_EVENT" });
  assert.equal((await ownerless.store.totals()).inbox, 0);
});

test("half a character survives in data, and is refused where it would be compared", async () => {
  const half = "\\ud800";
  const started = await call.post(ORDERS, { text: `{"data":{"seat":"${half}","amountMinor":1}}` });
  const { runId } = started.body as { readonly runId: string };
  const run = (await call.get(`/v1/runs/${runId}`)).body as { readonly data: unknown };
  assert.deepEqual(run.data, { seat: "\ud800", amountMinor: 1 });
  const path = `/v1/runs/${runId}/events`;
  assertProblem(
    await call.post(ORDERS, { text: `{"key":"${half}","data":{"seat":"A","amountMinor":1}}` }),
    400,
    "FLOW_BAD_QUERY",
    /halves of characters/,
  );
  assertProblem(
    await call.post(path, { text: `{"id":"${half}","type":"Paid","data":{}}` }),
    400,
    "FLOW_BAD_QUERY",
  );
  assertProblem(await call.post(path, { text: `{"type":"${half}","data":{}}` }), 422, "FLOW_UNKNOWN_EVENT");
});

test("data that breaks the flow's schema is refused and told where", async () => {
  const answer = await call.post(ORDERS, { body: { data: { seat: 7, amountMinor: 0 } } });
  assertProblem(answer, 400, "FLOW_BAD_DATA", /seat[^]*amountMinor|amountMinor[^]*seat/);
});

test("a time that no clock shows is refused", async () => {
  for (const time of ["2016-12-31T23:59:60Z", "2016-12-31T23:59:60.5Z", "2017-01-01T01:59:60%2B02:00"]) {
    const answer = await call.get(`/v1/runs?updatedSince=${time}`);
    assertProblem(answer, 400, "FLOW_BAD_QUERY", /updatedSince is "201/);
  }
  for (const time of ["0000-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2016-12-31t23:59:59.123456789z"])
    assert.equal((await call.get(`/v1/runs?updatedSince=${time}`)).status, 200, time);
});

test("unknown fields and query parameters are refused and told which are known", async () => {
  const before = await countRuns();
  const body = { data: DATA, priority: 1 };
  assertProblem(
    await call.post(ORDERS, { body }),
    400,
    "HOST_BAD_REQUEST",
    /^body\/priority is not known here, expected one of: key, data/,
  );
  assertProblem(
    await call.get("/v1/runs?flow=order&sate=paid"),
    400,
    "HOST_BAD_REQUEST",
    /^querystring\/sate is not known here, expected one of: flow, flowVersion, state/,
  );
  assertProblem(
    await call.get(`/v1/runs/${NO_RUN}?full=1`),
    400,
    "HOST_BAD_REQUEST",
    /^querystring\/full is not known here, expected none/,
  );
  assertProblem(await call.post(`${ORDERS}?wait=5`, { body: { data: DATA } }), 400, "HOST_BAD_REQUEST");
  assert.equal(await countRuns(), before);
});

test("query parameters out of their range are refused", async () => {
  const queries = [
    "limit=0",
    "limit=201",
    "limit=many",
    "limit=1&limit=2",
    "limit=0x1",
    "limit=1e1",
    "limit=%201",
    "limit=%2B1",
    "limit=",
    "parked=maybe",
    "stuckForMs=-1",
    "updatedSince=yesterday",
    "updatedSince=2026-07-01",
    "state=",
    "state=%00",
    `key=${"x".repeat(201)}`,
    `cursor=${"x".repeat(501)}`,
  ];
  for (const query of queries) assertProblem(await call.get(`/v1/runs?${query}`), 400, "HOST_BAD_REQUEST");
  assertProblem(await call.get("/v1/flows/order/diagram?format=png"), 400, "HOST_BAD_REQUEST");
});

test("cursors that no list gave are refused", async () => {
  const runId = await startOrder();
  for (const path of ["/v1/runs", `/v1/runs/${runId}/history`, "/v1/lanes"]) {
    for (const cursor of ["x", "W10", "WyJ4Il0", "WzEuNV0"])
      assertProblem(await call.get(`${path}?cursor=${cursor}`), 400, "FLOW_BAD_CURSOR");
  }
});

test("cursors of another list, run or filter are refused", async () => {
  const runIds = [await startOrder(), await startOrder()];
  await until("the runs are listed", async () =>
    (await engine.client.list({ flow: "order", limit: 2 })).items.length === 2 ? true : undefined,
  );
  for (const runId of runIds) await engine.client.send(runId, { type: "Paid", data: {} });
  const cursorOf = async (path: string): Promise<string> => {
    const { cursor } = (await call.get(path)).body as { readonly cursor: string | null };
    return encodeURIComponent(cursor ?? assert.fail(`${path} has one page`));
  };
  const runs = await cursorOf("/v1/runs?flow=order&limit=1");
  const history = await cursorOf(`/v1/runs/${runIds[0]}/history?limit=1`);
  const same = await call.get(`/v1/runs?limit=3&updatedSince=2026-01-01T00:00:00Z&flow=order&cursor=${runs}`);
  assert.equal(same.status, 200);
  const wrong = [
    `/v1/runs?cursor=${runs}`,
    `/v1/runs?flow=instant&cursor=${runs}`,
    `/v1/runs?flow=order&state=created&cursor=${runs}`,
    `/v1/runs/${runIds[1]}/history?cursor=${history}`,
    `/v1/lanes?cursor=${history}`,
    `/v1/flows?cursor=${runs}`,
  ];
  for (const path of wrong) assertProblem(await call.get(path), 400, "FLOW_BAD_CURSOR", /with these filters/);
});

test("a body beyond bodyBytesMax is refused before it is read as JSON", async () => {
  const answer = await call.post(ORDERS, { text: `{"data":{"seat":"${"x".repeat(10_001)}"` });
  assertProblem(answer, 413, "HOST_BODY_TOO_LARGE", /10000 bytes/);
});

test("data beyond dataBytesMax is refused, at the start and by an event", async () => {
  const note = "x".repeat(3_000);
  const answer = await call.post(ORDERS, { body: { data: { ...DATA, note } } });
  assertProblem(answer, 413, "FLOW_DATA_TOO_LARGE", /2000/);
  const runId = await startOrder();
  const event = { body: { type: "Paid", data: { note } } };
  assertProblem(await call.post(`/v1/runs/${runId}/events`, event), 413, "FLOW_DATA_TOO_LARGE");
  assert.equal((await engine.client.require(runId)).state, "created");
});

test("data of dataBytesMax fits into a request where both limits are as they come, and one byte more is refused", async (t) => {
  const { dataBytesMax } = resolveEngineOptions({});
  const api = await openApi(t, { engine: { dataBytesMax } });
  const empty = Buffer.byteLength(JSON.stringify({ ...DATA, note: "" }));
  const start = (bytes: number) =>
    api.call.post(ORDERS, {
      headers: { "idempotency-key": `of ${bytes} bytes` },
      body: { key: `order of ${bytes} bytes`, data: { ...DATA, note: "x".repeat(bytes - empty) } },
    });
  assert.equal((await start(dataBytesMax)).status, 201);
  assertProblem(await start(dataBytesMax + 1), 413, "FLOW_DATA_TOO_LARGE", /1048576/);
});

test("an unknown flow is missing and told which there are", async () => {
  const paths = ["/v1/flows/refund", "/v1/flows/refund/diagram"];
  for (const path of paths) assertProblem(await call.get(path), 404, "FLOW_UNKNOWN_FLOW", /order/);
  assertProblem(
    await call.post("/v1/flows/refund/runs", { body: { data: {} } }),
    404,
    "FLOW_UNKNOWN_FLOW",
    /order/,
  );
  assertProblem(await call.get("/v1/runs?flow=refund"), 404, "FLOW_UNKNOWN_FLOW", /order/);
  assertProblem(await call.get("/v1/runs?flow=ordre"), 404, "FLOW_UNKNOWN_FLOW", /did you mean "order"\?/);
});

test("a state that no version of a flow has is told to who lists runs, and one that is only empty is not", async () => {
  const wrong = await call.get("/v1/runs?flow=order&state=piad");
  assertProblem(wrong, 422, "FLOW_UNKNOWN_STATE", /flow order has no state piad, .*did you mean "paid"\?/);
  assertProblem(await call.get("/v1/runs?state=piad"), 422, "FLOW_UNKNOWN_STATE", /no flow has a state piad/);
  for (const filter of ["flow=order&state=compensating", "flow=order&key=nobody", "state=compensating"])
    assert.deepEqual((await call.get(`/v1/runs?${filter}`)).body, { items: [], cursor: null }, filter);
});

test("an unknown run is missing, whatever its id looks like", async () => {
  for (const id of [NO_RUN, NO_RUN.toUpperCase(), "42", "%00", "..%2F..%2Fx"]) {
    assertProblem(await call.get(`/v1/runs/${id}`), 404, "FLOW_UNKNOWN_RUN");
    assertProblem(await call.get(`/v1/runs/${id}/history`), 404, "FLOW_UNKNOWN_RUN");
    const event = { body: { type: "Paid", data: {} } };
    assertProblem(await call.post(`/v1/runs/${id}/events`, event), 404, "FLOW_UNKNOWN_RUN");
  }
});

test("a path of this API that does not exist is missing, and one that is far too long refused", async () => {
  assertProblem(await call.get("/v1/workers"), 404, "HOST_NO_SUCH_ROUTE");
  assertProblem(
    await call.post("/v1/runs", { body: {} }),
    405,
    "HOST_METHOD_NOT_ALLOWED",
    /expected GET or HEAD/,
  );
  assertProblem(await call.get(`/v1/runs/${"x".repeat(5_000)}`), 400, "HOST_BAD_REQUEST");
});

test("an event that the flow does not declare, or with wrong data, changes nothing", async () => {
  const runId = await startOrder();
  const path = `/v1/runs/${runId}/events`;
  const wrong: readonly (readonly [Call, number, string])[] = [
    [{ body: { type: "Shipped", data: {} } }, 422, "FLOW_UNKNOWN_EVENT"],
    [{ body: { type: "commandFailed", data: {} } }, 422, "FLOW_UNKNOWN_EVENT"],
    [{ body: { type: "toString", data: {} } }, 422, "FLOW_UNKNOWN_EVENT"],
    [{ body: { type: "Paid", data: { note: 7 } } }, 400, "FLOW_BAD_EVENT"],
    [{ body: { type: "Paid", data: null } }, 400, "FLOW_BAD_EVENT"],
    [{ body: { data: {} } }, 400, "HOST_BAD_REQUEST"],
    [{ body: { id: 7, type: "Paid", data: {} } }, 400, "HOST_BAD_REQUEST"],
    [{ body: { id: "", type: "Paid", data: {} } }, 400, "HOST_BAD_REQUEST"],
    [{ body: { type: "Paid", data: {}, at: "now" } }, 400, "HOST_BAD_REQUEST"],
    [{ text: "{" }, 400, "HOST_BAD_REQUEST"],
  ];
  for (const [given, status, code] of wrong) assertProblem(await call.post(path, given), status, code);
  assert.equal((await engine.client.require(runId)).state, "created");
});

test("an event that the state does not take is a conflict, recorded and repeated as such", async () => {
  const runId = await startOrder();
  const event = { body: { id: "early", type: "Closed", data: {} } };
  for (let times = 0; times < 2; times++)
    assertProblem(
      await call.post(`/v1/runs/${runId}/events`, event),
      409,
      "FLOW_UNEXPECTED_EVENT",
      /created/,
    );
  const { items } = await engine.client.history({ runId, limit: 10 });
  assert.equal(items.filter(({ kind }) => kind === "unexpected").length, 1);
});

test("an event to a final run is a conflict that tells how the run ended", async () => {
  const runId = await startOrder();
  await engine.client.send(runId, { type: "Paid", data: {} });
  await engine.client.send(runId, { type: "Closed", data: {} });
  const answer = await call.post(`/v1/runs/${runId}/events`, { body: { type: "Paid", data: {} } });
  assertProblem(answer, 409, "FLOW_RUN_FINAL", /closed/);
});

test("an event id that comes again with other data is refused", async () => {
  const path = `/v1/runs/${await startOrder()}/events`;
  assert.equal((await call.post(path, { body: { id: "e", type: "Paid", data: {} } })).status, 200);
  const other = { body: { id: "e", type: "Paid", data: { note: "other" } } };
  assertProblem(await call.post(path, other), 422, "FLOW_IDEMPOTENCY_CONFLICT");
});

test("an idempotency key that comes again with other data is refused", async () => {
  const headers = { "idempotency-key": "conflict" };
  assert.equal((await call.post(ORDERS, { body: { data: DATA }, headers })).status, 201);
  const other = { body: { data: { ...DATA, seat: "B2" } }, headers };
  assertProblem(await call.post(ORDERS, other), 422, "FLOW_IDEMPOTENCY_CONFLICT");
});

test("a repeat may have its members in another order", async () => {
  const headers = { "idempotency-key": "order-of-members" };
  const texts = ['{"data":{"seat":"A1","amountMinor":4500}}', '{"data":{"amountMinor":4500,"seat":"A1"}}'];
  const answers = await Promise.all(texts.map((text) => call.post(ORDERS, { text, headers })));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200, 201]));
  const path = `${answers[0]?.headers.get("location") ?? ""}/events`;
  const events = [
    '{"id":"e","type":"Paid","data":{"note":"x","by":1}}',
    '{"data":{"by":1,"note":"x"},"type":"Paid","id":"e"}',
  ];
  for (const text of events) assert.equal((await call.post(path, { text })).status, 200);
});

test("an idempotency key belongs to the flow and the key of the run", async () => {
  const headers = { "idempotency-key": "of-each" };
  const bodies = [{ key: "of-each-1", data: DATA }, { key: "of-each-2", data: DATA }, { data: DATA }];
  const answers = await Promise.all(bodies.map((body) => call.post(ORDERS, { body, headers })));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [201, 201, 201],
  );
  assert.equal(new Set(answers.map((answer) => answer.headers.get("location"))).size, 3);
});

test("a key that is taken is a conflict, under another idempotency key or none", async () => {
  const body = { key: "taken", data: DATA };
  assert.equal((await call.post(ORDERS, { body, headers: { "idempotency-key": "first" } })).status, 201);
  assertProblem(await call.post(ORDERS, { body }), 409, "FLOW_RUN_EXISTS");
  const other = { body, headers: { "idempotency-key": "second" } };
  assertProblem(await call.post(ORDERS, other), 409, "FLOW_RUN_EXISTS");
});

test("an idempotency key that is empty or too long is refused", async () => {
  for (const key of ["", "x".repeat(201)]) {
    const answer = await call.post(ORDERS, { body: { data: DATA }, headers: { "idempotency-key": key } });
    assertProblem(answer, 400, "HOST_BAD_REQUEST", /headers\/idempotency-key/);
  }
});

test("while the store is away requests are told when to come back", async (t) => {
  const away = await openApi(t, { engine: { stopMs: 100, submitMs: 500 } });
  await away.engine.store.close();
  for (const path of ["/v1/runs", `/v1/runs/${NO_RUN}`, "/v1/lanes", "/v1/flows", "/v1/flows/order"]) {
    const answer = await away.call.get(path);
    assertProblem(answer, 503, "FLOW_STORE_UNAVAILABLE");
    assert.ok(Number(answer.headers.get("retry-after")) >= 1);
  }
  const start = await away.call.post(ORDERS, { body: { data: DATA } });
  assertProblem(start, 503, "FLOW_STORE_UNAVAILABLE");
});
