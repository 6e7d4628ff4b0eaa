import assert from "node:assert/strict";
import { after, test } from "node:test";
import { openTrips } from "../fixtures/open-trips.ts";
import { assertProblem } from "../fixtures/problem.ts";

const { call, engine, trips, startHeld, reach } = await openTrips({ after });

const halt = (body: object) => call.post("/v1/pauses", { body });
const resume = (body: object) => call.post("/v1/pauses/resume", { body });

async function listed(): Promise<readonly unknown[]> {
  const { items } = (await call.get("/v1/pauses")).body as { readonly items: readonly object[] };
  return items.map((item) => ({ ...item, at: undefined }));
}

test("a paused flow takes no new runs, says why and when to come back, and takes events all the same", async () => {
  const runId = await startHeld();
  const paused = await halt({ flow: "trip", by: "anna", reason: "the prices are wrong" });
  assert.equal(paused.status, 201);
  const start = await call.post("/v1/flows/trip/runs", { body: { data: {} } });
  assertProblem(start, 503, "FLOW_PAUSED", /the prices are wrong/);
  assert.ok(Number(start.headers.get("retry-after")) >= 1);
  const before = trips.done.get("Charge") ?? 0;
  const paid = await call.post(`/v1/runs/${runId}/events`, { body: { type: "Paid", data: {} } });
  assert.equal(paid.status, 200);
  assert.deepEqual(await listed(), [
    { flow: "trip", state: null, command: null, by: "anna", reason: "the prices are wrong", at: undefined },
  ]);
  assert.equal((await engine.client.require(runId)).commands[0]?.phase, "sending");
  assert.equal(trips.done.get("Charge") ?? 0, before);
  assert.deepEqual((await resume({ flow: "trip" })).body, { wasPaused: true });
  await reach(runId, "done");
  assert.equal((await call.post("/v1/flows/trip/runs", { body: { data: {} } })).status, 201);
});

test("commands of a paused type are kept back until it is resumed", async () => {
  const runId = await startHeld();
  await halt({ flow: "trip", command: "Charge" });
  await engine.client.send(runId, { type: "Paid", data: {} });
  const other = await startHeld();
  assert.equal((await engine.client.require(runId)).state, "paid");
  assert.equal((await engine.client.require(other)).state, "held");
  await resume({ flow: "trip", command: "Charge" });
  await reach(runId, "done");
});

test("what is paused already stays paused under its first reason", async () => {
  const what = { flow: "trip", state: "held" };
  assert.equal((await halt({ ...what, reason: "first" })).status, 201);
  const again = await halt({ ...what, reason: "second" });
  assert.equal(again.status, 200);
  assert.equal((again.body as { readonly reason: string }).reason, "first");
  assert.deepEqual((await resume(what)).body, { wasPaused: true });
  assert.deepEqual((await resume(what)).body, { wasPaused: false });
});

test("a late repeat of a pause pauses nothing, and is answered as the first time", async () => {
  const ask = (path: string, key: string) =>
    call.post(path, { headers: { "idempotency-key": key }, body: { by: "anna", flow: "trip" } });
  const first = await ask("/v1/pauses", "stop-the-sale");
  assert.equal(first.status, 201);
  const lifted = await ask("/v1/pauses/resume", "go-on");
  assert.deepEqual(lifted.body, { wasPaused: true });
  const again = await ask("/v1/pauses", "stop-the-sale");
  assert.deepEqual([again.status, again.body], [201, first.body]);
  assert.deepEqual(await listed(), []);
  await halt({ flow: "trip" });
  assert.deepEqual((await ask("/v1/pauses/resume", "go-on")).body, { wasPaused: true });
  assertProblem(await ask("/v1/pauses/resume", "stop-the-sale"), 422, "FLOW_IDEMPOTENCY_CONFLICT");
  assert.equal((await listed()).length, 1);
  await resume({ flow: "trip" });
});

test("pauses and what became of them are in the audit", async () => {
  await halt({ flow: "trip", state: "paid", by: "anna", reason: "look" });
  await resume({ flow: "trip", state: "paid", by: "ben" });
  const { items } = (await call.get("/v1/audit?kind=state&limit=2")).body as {
    readonly items: readonly Record<string, unknown>[];
  };
  const subject = { flow: "trip", scope: "state", name: "paid" };
  assert.deepEqual(
    items.map(({ kind, by, reason, subject: about }) => [kind, by, reason, about]),
    [
      ["state.resume", "ben", null, subject],
      ["state.pause", "anna", "look", subject],
    ],
  );
});

test("a flow and its runs show what of them stands still, and why, for as long as it does", async () => {
  const runId = await startHeld();
  const pausesOf = async (path: string) => {
    const { pauses } = (await call.get(path)).body as { readonly pauses?: readonly object[] };
    return pauses?.map((pause) => ({ ...pause, at: undefined }));
  };
  const inList = async () => {
    const { items } = (await call.get("/v1/flows")).body as {
      readonly items: readonly { readonly name: string; readonly pauses?: readonly object[] }[];
    };
    return items.filter(({ pauses }) => pauses !== undefined).map(({ name }) => name);
  };
  const run = `/v1/runs/${runId}`;
  assert.deepEqual(
    [await pausesOf("/v1/flows/trip"), await pausesOf(run), await inList()],
    [undefined, undefined, []],
  );
  const free = (await call.get(run)).headers.get("etag");

  await halt({ flow: "trip", state: "held", by: "anna", reason: "look" });
  const held = { flow: "trip", state: "held", command: null, by: "anna", reason: "look", at: undefined };
  assert.deepEqual(
    [await pausesOf("/v1/flows/trip"), await pausesOf(run), await inList()],
    [[held], [held], ["trip"]],
  );
  const kept = await call.get(run, { headers: { "if-none-match": String(free) } });
  assert.equal(kept.status, 200);
  const again = { headers: { "if-none-match": String(kept.headers.get("etag")) } };
  assert.equal((await call.get(run, again)).status, 304);

  await halt({ flow: "trip", command: "Charge", by: "ben" });
  assert.deepEqual(await pausesOf(run), [held]);
  await engine.client.send(runId, { type: "Paid", data: {} });
  const charge = { flow: "trip", state: null, command: "Charge", by: "ben", reason: null, at: undefined };
  assert.deepEqual(await pausesOf(run), [charge]);

  await resume({ flow: "trip", state: "held" });
  await resume({ flow: "trip", command: "Charge" });
  await reach(runId, "done");
  await halt({ flow: "trip" });
  assert.deepEqual([await pausesOf(run), await inList()], [undefined, ["trip"]]);
  await resume({ flow: "trip" });
  assert.deepEqual(await inList(), []);
});

test("pauses are listed page by page", async () => {
  for (const state of ["booking", "held", "paid"]) await halt({ flow: "trip", state });
  const states: unknown[] = [];
  let path: string | undefined = "/v1/pauses?limit=2";
  while (path !== undefined) {
    const answer = await call.get(path);
    states.push(
      ...(answer.body as { readonly items: readonly { state: string }[] }).items.map((p) => p.state),
    );
    path = /^<(.+)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
  }
  assert.deepEqual(states, ["booking", "held", "paid"]);
  for (const state of ["booking", "held", "paid"]) await resume({ flow: "trip", state });
});

test("what cannot be paused is refused and told what can", async () => {
  const wrong: readonly (readonly [object, number, string, RegExp])[] = [
    [{}, 400, "HOST_BAD_REQUEST", /flow is missing/],
    [{ flow: "nothing" }, 404, "FLOW_UNKNOWN_FLOW", /nothing/],
    [{ flow: "trip", state: "nowhere" }, 422, "FLOW_BAD_OPERATION", /booking, held/],
    [{ flow: "trip", command: "Dance" }, 422, "FLOW_BAD_OPERATION", /HoldSeat/],
    [{ flow: "trip", state: "held", command: "Charge" }, 422, "FLOW_BAD_OPERATION", /both/],
    [{ flow: "trip", scope: "state" }, 400, "HOST_BAD_REQUEST", /body\/scope is not known/],
  ];
  for (const [body, status, code, detail] of wrong) assertProblem(await halt(body), status, code, detail);
  assert.deepEqual(await listed(), []);
});
