import assert from "node:assert/strict";
import { after, test } from "node:test";
import { memoryDatabase, openApi } from "../fixtures/open-engine.ts";
import { openTrips } from "../fixtures/open-trips.ts";
import { assertProblem } from "../fixtures/problem.ts";
import { trip, trip2 } from "../fixtures/trips.ts";
import { until } from "../fixtures/until.ts";

const { call, engine } = await openApi({ after });
const { runId } = await engine.client.start("order", { data: { seat: "A1", amountMinor: 1 } });
const parked = await engine.client.start("order", { data: { seat: "A2", amountMinor: 1 } });
await engine.client.send(parked.runId, { type: "Checked", data: {} });
await engine.client.start("instant", { data: {} });
await until("all are projected", async () => {
  const counts = await engine.client.countStates();
  const find = (state: string) => counts.find((count) => count.state === state);
  return find("created")?.runs === 2 && find("created")?.parked === 1 && find("done")?.runs === 1
    ? true
    : undefined;
});

test("flows are listed by name with their runs, page by page", async () => {
  const rows = [
    {
      name: "instant",
      version: 1,
      versions: [1],
      description: null,
      initial: "stamping",
      states: 2,
      runs: 1,
      parked: 0,
    },
    {
      name: "order",
      version: 3,
      versions: [3],
      description: "A seat is paid for.",
      initial: "created",
      states: 4,
      runs: 2,
      parked: 1,
    },
  ];
  assert.deepEqual((await call.get("/v1/flows")).body, { items: rows, cursor: null });
  const first = await call.get("/v1/flows?limit=1");
  const { cursor } = first.body as { readonly cursor: string };
  assert.deepEqual(first.body, { items: [rows[0]], cursor });
  assert.equal(first.headers.get("link"), `</v1/flows?limit=1&cursor=${cursor}>; rel="next"`);
  assert.deepEqual((await call.get(`/v1/flows?limit=1&cursor=${cursor}`)).body, {
    items: [rows[1]],
    cursor: null,
  });
});

test("a flow is shown as its definition, functions by their source, and live counts", async () => {
  const { body } = await call.get("/v1/flows/order");
  const flow = body as Record<string, unknown> & { readonly definition: { readonly states: unknown } };
  assert.deepEqual([flow["name"], flow["version"]], ["order", 3]);
  assert.deepEqual(flow["counts"], [{ flowVersion: 3, state: "created", runs: 2, parked: 1 }]);
  const { created } = flow.definition.states as {
    created: { on: { Checked: { guard: { $function: string } } } };
  };
  assert.match(created.on.Checked.guard.$function, /the rule is broken/);
});

test("a flow is drawn as Mermaid text or as a picture that runs nothing", async () => {
  const text = await call.get("/v1/flows/order/diagram");
  assert.match(String(text.body), /stateDiagram-v2[^]*created[^]*2 runs, 1 parked/);
  assert.deepEqual((await call.get("/v1/flows/order/diagram?format=mermaid")).body, text.body);
  const picture = await call.get("/v1/flows/order/diagram?format=svg");
  assert.match(picture.headers.get("content-type") ?? "", /^image\/svg\+xml/);
  assert.match(picture.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  assert.match(String(picture.body), /^<svg /);
});

test("each version of a flow is shown and drawn with its own runs, also one that is not served any more", async (t) => {
  const database = memoryDatabase();
  const old = await openTrips(t, { database });
  await old.startHeld();
  await until("it is counted", async () =>
    (await old.engine.client.countStates("trip")).some(({ state }) => state === "held") ? true : undefined,
  );
  await old.engine.stop();
  const both = await openTrips(t, { database, engineId: "engine-b", flows: [trip2, trip] });
  const { items } = (await both.call.get("/v1/flows")).body as { readonly items: readonly object[] };
  assert.partialDeepStrictEqual(items.at(-1), { name: "trip", version: 2, versions: [1, 2], runs: 1 });

  const drawn = async (path: string) => String((await both.call.get(`/v1/flows/trip/diagram${path}`)).body);
  assert.match(await drawn(""), /title: "trip v2, 1 run in other versions"[^]*reserved/);
  assert.doesNotMatch(await drawn(""), /: 1 run$/m);
  assert.match(await drawn("?version=1"), /title: "trip v1"[^]*held[^]*: 1 run$/m);
  const first = (await both.call.get("/v1/flows/trip?version=1")).body as Record<string, unknown>;
  assert.partialDeepStrictEqual(first, { version: 1, versions: [1, 2], definition: { version: 1 } });

  await both.engine.operator.startJob(
    { operation: { type: "migrate", toVersion: 2 }, filter: { flow: "trip" } },
    { by: "test" },
  );
  await until("nothing is left in version 1", async () =>
    (await both.engine.client.countStates("trip")).every(
      ({ flowVersion, runs }) => flowVersion > 1 || runs === 0,
    )
      ? true
      : undefined,
  );
  await both.engine.stop();
  const next = await openTrips(t, { database, engineId: "engine-c", flows: [trip2] });
  assert.match(
    String((await next.call.get("/v1/flows/trip/diagram?version=1")).body),
    /title: "trip v1, 1 run in/,
  );
  const former = (await next.call.get("/v1/flows/trip?version=1")).body;
  assert.deepEqual(former, { ...first, versions: [2], counts: (former as typeof first)["counts"] });
  const unknown = await next.call.get("/v1/flows/trip/diagram?version=7");
  assertProblem(unknown, 404, "FLOW_UNKNOWN_FLOW", /no version 7 of flow trip, expected one of: 1, 2/);
});

test("a flow that is not served is refused in the same words everywhere, with the nearest name", async () => {
  const asked = [
    call.get("/v1/flows/ordr"),
    call.get("/v1/flows/ordr/diagram"),
    call.post("/v1/flows/ordr/runs", { body: { data: {} } }),
    call.post("/v1/pauses", { body: { flow: "ordr" } }),
    call.post("/v1/jobs", { body: { operation: { type: "retry" }, filter: { flow: "ordr" } } }),
  ];
  for (const answer of await Promise.all(asked))
    assertProblem(
      answer,
      404,
      "FLOW_UNKNOWN_FLOW",
      /^no flow "ordr" is served here, expected one of: \S+, \S+; did you mean "order"\?$/,
    );
});

test("lanes are listed by number with owner, positions and lag, page by page", async () => {
  const { body } = await call.get("/v1/lanes");
  const { items } = body as { readonly items: readonly Record<string, unknown>[] };
  assert.deepEqual(
    items.map(({ laneId, ownerId, epoch }) => ({ laneId, ownerId, epoch })),
    [0, 1, 2, 3].map((laneId) => ({ laneId, ownerId: "engine-a", epoch: 1 })),
  );
  for (const lane of items)
    assert.equal(lane["outboxLag"], Number(lane["outboxPosition"]) - Number(lane["publishedPosition"]));
  const { lane } = await engine.client.require(runId);
  assert.ok(Number(items[lane]?.["outboxPosition"]) >= 1);
  const first = (await call.get("/v1/lanes?limit=3")).body as { readonly cursor: string };
  const second = (await call.get(`/v1/lanes?limit=3&cursor=${first.cursor}`)).body as {
    readonly items: readonly object[];
  };
  assert.equal(second.items.length, 1);
});
