import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { FlowDefinition } from "../../../core/flow.ts";
import { local } from "../../../participant/local.ts";
import { openApi } from "../fixtures/open-engine.ts";
import { assertProblem } from "../fixtures/problem.ts";
import { until } from "../fixtures/until.ts";

const { call, engine } = await openApi({ after });

async function startOrder(): Promise<string> {
  const { runId } = await engine.client.start("order", { data: { seat: "A1", amountMinor: 1 } });
  return runId;
}

test("an event is answered 200 with the history entry it made, and a repeat as the first time", async () => {
  const path = `/v1/runs/${await startOrder()}/events`;
  const event = { id: "cb-1", type: "Paid", data: { note: "card" } };
  const first = await call.post(path, { body: event });
  assert.equal(first.status, 200);
  const { version } = first.body as { readonly version: number };
  assert.deepEqual(first.body, { eventId: "cb-1", outcome: "applied", version });
  assert.equal(first.headers.get("idempotent-replayed"), null);
  const again = await call.post(path, { body: event });
  assert.deepEqual([again.status, again.body], [200, first.body]);
  assert.equal(again.headers.get("idempotent-replayed"), "true");
});

test("an event's id may come as an Idempotency-Key", async () => {
  const path = `/v1/runs/${await startOrder()}/events`;
  const headers = { "idempotency-key": "cb-2" };
  const body = { type: "Paid", data: {} };
  const [first, again] = [await call.post(path, { headers, body }), await call.post(path, { headers, body })];
  assert.equal((first.body as { readonly eventId: string }).eventId, "cb-2");
  assert.deepEqual(again.body, first.body);
  const both = await call.post(path, { headers, body: { ...body, id: "cb-2" } });
  assert.deepEqual(both.body, first.body);
  assert.equal((await call.post(path, { headers, body: { ...body, id: "cb-3" } })).status, 400);
});

test("an event without an id gets one of its own", async () => {
  const runId = await startOrder();
  const { body } = await call.post(`/v1/runs/${runId}/events`, { body: { type: "Paid", data: {} } });
  const { eventId } = body as { readonly eventId: string };
  const { items } = await engine.client.history({ runId, limit: 10 });
  assert.ok(items.some((entry) => entry.eventId === eventId && entry.type === "Paid"));
});

test("the data of an event may be left out where nothing has to be said, and a repeat may say so", async () => {
  const path = `/v1/runs/${await startOrder()}/events`;
  const silent = await call.post(path, { body: { id: "s-1", type: "Paid" } });
  assert.equal(silent.status, 200);
  const spoken = await call.post(path, { body: { id: "s-1", type: "Paid", data: {} } });
  assert.deepEqual([spoken.status, spoken.body], [200, silent.body]);
});

test("who leaves out what an event has to carry is told that data is missing", async (t) => {
  const amount = { type: "object", required: ["amount"], properties: { amount: { type: "integer" } } };
  const payment: FlowDefinition = {
    name: "payment",
    version: 1,
    events: { Paid: amount },
    initial: "open",
    states: { open: { on: { Paid: "done" } }, done: { final: "done" } },
  };
  const api = await openApi(t, { flows: [payment] });
  const { runId } = await api.engine.client.start("payment", { data: {} });
  const send = (body: object) => api.call.post(`/v1/runs/${runId}/events`, { body });
  const missing = await send({ type: "Paid" });
  assertProblem(
    missing,
    400,
    "FLOW_BAD_EVENT",
    /^body\/data is missing, and counts as \{\}: .*\/amount is missing/,
  );
  assertProblem(await send({ type: "Paid", data: {} }), 400, "FLOW_BAD_EVENT", /^the data of event Paid/);
  const elsewhere = await send({ type: "Paid", data: { amount: 1 }, commandId: "somebody:1:0" });
  assertProblem(elsewhere, 400, "FLOW_BAD_EVENT", /names command/);
});

test("events that wait for an operator are answered 202, again and again", async () => {
  const path = `/v1/runs/${await startOrder()}/events`;
  const parks = { id: "p-1", type: "Checked", data: {} };
  const waits = { id: "p-2", type: "Paid", data: {} };
  for (const [event, outcome] of [
    [parks, "parked"],
    [waits, "queued"],
    [parks, "parked"],
    [waits, "queued"],
  ] as const) {
    const { status, body } = await call.post(path, { body: event });
    assert.deepEqual([status, (body as { readonly outcome: string }).outcome], [202, outcome]);
  }
});

/** Holds each seat of a list; the hall answers later. */
const tour: FlowDefinition = {
  name: "tour",
  version: 1,
  events: { SeatHeld: { type: "object" } },
  commands: { HoldSeat: { channel: "hall", answers: ["SeatHeld"] } },
  initial: "holding",
  states: {
    holding: {
      send: { HoldSeat: { each: "/seats" } },
      on: { SeatHeld: {} },
      join: { wait: "all", then: "done" },
    },
    done: { final: "done" },
  },
};

test("a later answer that names its command is counted for that one alone", async (t) => {
  const asked: string[] = [];
  const hall = local("hall", { HoldSeat: async ({ commandId }) => (asked.push(commandId), null) });
  const api = await openApi(t, { flows: [tour], participants: [hall] });
  const { client } = api.engine;
  const { runId } = await client.start("tour", { data: { seats: ["1A", "1B"] } });
  await until("both are asked", async () => (asked.length === 2 ? true : undefined));
  const [first = "", second = ""] = asked;
  const answer = (commandId: string, id: string) =>
    api.call.post(`/v1/runs/${runId}/events`, { body: { id, type: "SeatHeld", data: {}, commandId } });
  assert.equal((await answer(first, "a-1")).status, 200);
  assert.equal((await answer(first, "a-1")).status, 200);
  const late = await answer(first, "a-2");
  assert.deepEqual(
    [late.status, (late.body as { readonly code: string }).code],
    [409, "FLOW_UNEXPECTED_EVENT"],
  );
  assert.deepEqual(
    (await client.require(runId)).commands.map(({ id }) => id),
    [second],
  );
  assert.equal((await answer("somebody:1:0", "a-3")).status, 400);
  assert.equal((await answer(second, "b-1")).status, 200);
  assert.equal((await client.require(runId)).outcome, "done");
  const { items } = await client.history({ runId, limit: 10 });
  assert.deepEqual(
    items.flatMap(({ kind, eventId, commandId }) => (eventId === undefined ? [] : [[kind, commandId]])),
    [
      ["event", first],
      ["unexpected", first],
      ["event", second],
    ],
  );
});
