import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openApi } from "../fixtures/open-engine.ts";
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
    { name: "instant", version: 1, description: null, initial: "stamping", states: 2, runs: 1, parked: 0 },
    {
      name: "order",
      version: 3,
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
