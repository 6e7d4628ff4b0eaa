import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import type { Answered } from "../fixtures/call-api.ts";
import { memoryDatabase } from "../fixtures/open-engine.ts";
import { openTrips } from "../fixtures/open-trips.ts";
import { assertProblem } from "../fixtures/problem.ts";
import { until } from "../fixtures/until.ts";
import { manageKeys } from "../access/manage-keys.ts";

const { call, engine, url, trips, startHeld, startParked, startUncharged, stateOf, reach } = await openTrips({
  after,
});
const NO_RUN = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";

interface Done {
  readonly actionId: string;
  readonly version: number | null;
  readonly isRepeat: boolean;
}
const doneOf = ({ body }: Answered) => body as Done;

const operate = (runId: string, type: string, body: object = {}, headers: Record<string, string> = {}) =>
  call.post(`/v1/runs/${runId}/${type}`, { body, headers });

test("a run is canceled, its steps taken back first, and the history says who and why", async () => {
  const runId = await startHeld();
  const before = trips.done.get("ReleaseSeat") ?? 0;
  const answer = await operate(runId, "cancel", { by: "anna", reason: "called off" });
  assert.equal(answer.status, 200);
  await reach(runId, "canceled");
  assert.equal(trips.done.get("ReleaseSeat"), before + 1);
  const { items } = (await call.get(`/v1/runs/${runId}/history`)).body as {
    readonly items: readonly Record<string, unknown>[];
  };
  const canceled = items.find(({ version }) => version === doneOf(answer).version);
  assert.deepEqual(
    [canceled?.["kind"], canceled?.["by"], canceled?.["reason"], canceled?.["eventId"]],
    ["canceled", "anna", "called off", doneOf(answer).actionId],
  );
});

test("a run that is taken back shows what is left and where it goes", async () => {
  const runId = await startHeld();
  const held = (await call.get(`/v1/runs/${runId}`)).body as Record<string, unknown>;
  const commandId = `${runId}:1:0`;
  const step = { state: "booking", command: "HoldSeat", commandId, undo: "ReleaseSeat" };
  assert.deepEqual(held["steps"], [step]);
  assert.equal(held["compensation"], undefined);
  await engine.operator.pause({ flow: "trip", scope: "command", name: "ReleaseSeat" }, { by: "test" });
  await operate(runId, "cancel");
  const run = (await call.get(`/v1/runs/${runId}`)).body as Record<string, unknown>;
  assert.equal(run["state"], "compensating");
  assert.deepEqual(run["compensation"], { target: "canceled", steps: [step] });
  const [undo] = run["commands"] as readonly Record<string, unknown>[];
  assert.deepEqual([undo?.["type"], undo?.["purpose"], undo?.["undoes"]], ["ReleaseSeat", "undo", commandId]);
  assertProblem(await operate(runId, "cancel"), 409, "FLOW_COMPENSATING");
  await engine.operator.resume({ flow: "trip", scope: "command", name: "ReleaseSeat" }, { by: "test" });
  await reach(runId, "canceled");
});

test("a run is canceled without taking anything back", async () => {
  const runId = await startHeld();
  const before = trips.done.get("ReleaseSeat") ?? 0;
  assert.equal((await operate(runId, "cancel", { compensate: false })).status, 200);
  assert.equal(await stateOf(runId), "canceled");
  assert.equal(trips.done.get("ReleaseSeat") ?? 0, before);
});

test("a run that is parked by a failed command goes on when it is retried", async () => {
  const runId = await startUncharged();
  assert.equal((await operate(runId, "retry", { reason: "the reader is mended" })).status, 200);
  await reach(runId, "done");
});

test("a redriven run that fails again is parked again, in order", async () => {
  const runId = await startParked();
  await engine.client.send(runId, { id: "later", type: "Paid", data: {} });
  assert.equal((await operate(runId, "redrive")).status, 200);
  assert.equal((await engine.client.require(runId)).parked, "rule-failed");
  const letters = (await engine.store.listDeadLetters({ runId, limit: 10 })).items;
  assert.deepEqual(
    letters.map(({ reason, input }) => [reason, input.kind === "event" ? input.type : ""]),
    [
      ["rule-failed", "Checked"],
      [null, "Paid"],
    ],
  );
});

test("what parked a run is skipped, and what waits behind it is taken in", async () => {
  const runId = await startParked();
  await engine.client.send(runId, { type: "Paid", data: {} });
  assert.equal((await operate(runId, "skip")).status, 200);
  await reach(runId, "done");
});

test("a run is forced into a state with new data", async () => {
  const runId = await startHeld();
  const answer = await operate(runId, "force", { state: "paid", data: { nights: 3 }, by: "anna" });
  assert.equal(answer.status, 200);
  await reach(runId, "done");
  const { data } = await engine.client.require(runId);
  assert.deepEqual(data, { nights: 3 });
});

test("an operation may come without a body", async () => {
  const runId = await startUncharged();
  const answer = await fetch(`${url}/v1/runs/${runId}/retry`, { method: "POST" });
  assert.equal(answer.status, 200);
  await reach(runId, "done");
});

test("an operation repeated under its idempotency key is done once and answered the same, and any other request under it is refused", async () => {
  const runId = await startHeld();
  const headers = { "idempotency-key": "force-1" };
  const first = await operate(runId, "force", { state: "held" }, headers);
  const again = await operate(runId, "force", { state: "held" }, headers);
  assert.deepEqual([first.status, again.status], [200, 200]);
  assert.deepEqual(doneOf(again), { ...doneOf(first), isRepeat: true });
  assert.equal(again.headers.get("idempotent-replayed"), "true");
  assert.equal((await engine.client.require(runId)).version, doneOf(first).version);
  const others = [
    await operate(runId, "force", { state: "booking" }, headers),
    await operate(runId, "force", { state: "held", reason: "paid in cash" }, headers),
    await operate(runId, "force", { state: "held", by: "ben" }, headers),
    await operate(runId, "cancel", {}, headers),
  ];
  for (const other of others)
    assertProblem(other, 422, "FLOW_IDEMPOTENCY_CONFLICT", /came before with run\.force/);
  assert.equal((await engine.client.require(runId)).version, doneOf(first).version);
  const elsewhere = await operate(await startHeld(), "force", { state: "held" }, headers);
  assert.equal(doneOf(elsewhere).isRepeat, false);
});

test("a refused operation that is asked for many times at once under one key is refused each time alike", async () => {
  const runId = await startHeld();
  const headers = { "idempotency-key": "redrive-at-once" };
  const answers = await Promise.all(Array.from({ length: 20 }, () => operate(runId, "redrive", {}, headers)));
  const told = new Set(answers.map(({ status, body }) => `${status} ${(body as { code?: string }).code}`));
  assert.deepEqual([...told], ["409 FLOW_RUN_NOT_PARKED"]);
  const { items } = await engine.operator.listActions({ kind: "run.redrive", limit: 200 });
  const kept = items.filter(({ subject }) => subject["runId"] === runId);
  assert.deepEqual(
    kept.map(({ state, job }) => [state, job?.progress.refused]),
    [["done", { FLOW_RUN_NOT_PARKED: 1 }]],
  );
});

test("of two operators at once both are heard, one after the other", async () => {
  const runId = await startHeld();
  const answers = await Promise.all([
    operate(runId, "force", { state: "held", by: "anna" }),
    operate(runId, "cancel", { compensate: false, by: "ben" }),
    operate(runId, "cancel", { compensate: false, by: "cleo" }),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 200, 409],
  );
  const { items } = await engine.client.history({ runId, limit: 50 });
  const kinds = items.flatMap(({ kind, by }) => (by === undefined ? [] : [kind]));
  assert.deepEqual(kinds, ["forced", "canceled"]);
});

test("a run that has ended takes no operation", async () => {
  const runId = await startHeld();
  await operate(runId, "cancel", { compensate: false });
  const bodies = { force: { state: "held" }, migrate: { toVersion: 1 } } as Record<string, object>;
  for (const type of ["cancel", "retry", "redrive", "skip", "force", "migrate"])
    assertProblem(await operate(runId, type, bodies[type]), 409, "FLOW_RUN_FINAL", /canceled/);
});

test("operations that a run has no use for are refused, and change nothing", async () => {
  const runId = await startHeld();
  const { version } = await engine.client.require(runId);
  assertProblem(await operate(runId, "redrive"), 409, "FLOW_RUN_NOT_PARKED", /held/);
  assertProblem(await operate(runId, "skip"), 409, "FLOW_RUN_NOT_PARKED");
  assertProblem(await operate(runId, "retry"), 409, "FLOW_NOTHING_TO_RETRY");
  assertProblem(await operate(runId, "force", { state: "nowhere" }), 422, "FLOW_UNKNOWN_STATE", /booking/);
  assertProblem(await operate(runId, "force", { state: "compensating" }), 422, "FLOW_UNKNOWN_STATE");
  assertProblem(await operate(runId, "migrate", { toVersion: 9 }), 422, "FLOW_MIGRATION_MISSING", /of: 1/);
  assert.equal((await engine.client.require(runId)).version, version);
});

test("what parked a run is not skipped when nothing would move the run on", async () => {
  const runId = await startUncharged();
  assertProblem(await operate(runId, "skip"), 409, "FLOW_WOULD_STRAND", /paid/);
  assert.equal((await engine.client.require(runId)).parked, "command-refused");
});

test("operations with wrong input are refused", async () => {
  const runId = await startHeld();
  const tooLong = "x".repeat(1_001);
  const deep = JSON.parse(`${'{"a":'.repeat(150)}1${"}".repeat(150)}`) as object;
  const wrong: readonly (readonly [string, object, number, string])[] = [
    ["cancel", { compensate: "yes" }, 400, "HOST_BAD_REQUEST"],
    ["cancel", { state: "held" }, 400, "HOST_BAD_REQUEST"],
    ["retry", { by: 7 }, 400, "HOST_BAD_REQUEST"],
    ["retry", { reason: tooLong }, 400, "HOST_BAD_REQUEST"],
    ["skip", { reason: "a\u0000b" }, 400, "HOST_BAD_REQUEST"],
    ["force", {}, 400, "HOST_BAD_REQUEST"],
    ["force", { state: "" }, 400, "HOST_BAD_REQUEST"],
    ["force", { state: "held", data: [] }, 400, "HOST_BAD_REQUEST"],
    ["force", { state: "held", data: { nights: "three" } }, 400, "FLOW_BAD_DATA"],
    ["force", { state: "held", data: { note: "x".repeat(5_000) } }, 413, "FLOW_DATA_TOO_LARGE"],
    ["force", { state: "held", data: deep }, 400, "FLOW_BAD_DATA"],
    ["migrate", {}, 400, "HOST_BAD_REQUEST"],
    ["migrate", { toVersion: 0 }, 400, "HOST_BAD_REQUEST"],
    ["migrate", { toVersion: 1.5 }, 400, "HOST_BAD_REQUEST"],
  ];
  for (const [type, body, status, code] of wrong)
    assertProblem(await operate(runId, type, body), status, code);
  for (const id of [NO_RUN, "42", "%00"]) assertProblem(await operate(id, "cancel"), 404, "FLOW_UNKNOWN_RUN");
  assert.equal(await stateOf(runId), "held");
});

test("the audit says who did what to which run, why, and what became of it", async () => {
  const runId = await startHeld();
  await operate(runId, "redrive", { by: "anna", reason: "try" });
  const { actionId } = doneOf(await operate(runId, "force", { state: "held", by: "ben" }));
  const { items } = (await call.get("/v1/audit?kind=run&limit=2")).body as {
    readonly items: readonly Record<string, unknown>[];
  };
  const [forced, redriven] = items;
  assert.deepEqual(
    [forced?.["actionId"], forced?.["kind"], forced?.["by"], forced?.["subject"], forced?.["runs"]],
    [
      actionId,
      "run.force",
      "ben",
      { operation: { type: "force", state: "held" }, runId },
      { seen: 1, applied: 1, refused: {} },
    ],
  );
  assert.deepEqual(
    [redriven?.["kind"], redriven?.["reason"], redriven?.["state"], redriven?.["runs"]],
    ["run.redrive", "try", "done", { seen: 1, applied: 0, refused: { FLOW_RUN_NOT_PARKED: 1 } }],
  );
});

test("every kind that is kept can be asked for, and one that nobody keeps is refused", async () => {
  const runId = await startHeld();
  for (const type of ["cancel", "retry", "redrive", "skip"]) await operate(runId, type);
  await call.post("/v1/pauses", { body: { flow: "trip", state: "held" } });
  await call.post("/v1/pauses/resume", { body: { flow: "trip", state: "held" } });
  const body = { operation: { type: "retry" }, filter: { flow: "trip" }, runsPerSecond: 0.01 };
  const { jobId } = (await call.post("/v1/jobs", { body })).body as { readonly jobId: string };
  await call.post(`/v1/jobs/${jobId}/stop`, { body: {} });
  const keys = manageKeys(engine.store, randomUUID);
  const { row } = await keys.create({ name: "brief", scopes: ["read"], endsInMs: null }, "test");
  await keys.rotate(row.keyId, 0, "test");
  await keys.revoke(row.keyId, "test");

  const { items } = await engine.operator.listActions({ limit: 200 });
  const kinds = new Set(items.flatMap(({ kind }) => [kind, kind.split(".", 1)[0] ?? ""]));
  assert.ok(kinds.size >= 15);
  for (const kind of kinds) {
    const found = (await call.get(`/v1/audit?kind=${kind}`)).body as { readonly items?: readonly object[] };
    assert.ok((found.items ?? []).length > 0, kind);
  }
  const unknown = await call.get("/v1/audit?kind=nonsense");
  assertProblem(unknown, 400, "HOST_BAD_REQUEST", /runs\.cancel/);
});

test("an operation on a run that cannot be reached is kept, and done when it can", async (t) => {
  const database = memoryDatabase();
  const first = await openTrips(t, { database });
  const runId = await first.startHeld();
  await first.engine.stop();
  const path = `/v1/runs/${runId}/cancel`;
  const answer = await first.call.post(path, { body: { compensate: false, by: "anna" } });
  assert.deepEqual([answer.status, doneOf(answer).version], [202, null]);
  const next = await openTrips(t, { database, engineId: "engine-b", engine: { submitMs: 400 } });
  await next.reach(runId, "canceled");
  const { actionId } = doneOf(answer);
  const ended = await until("the record is complete", async () => {
    const action = await next.engine.operator.requireAction(actionId);
    return action.state === "done" ? action : undefined;
  });
  assert.equal(ended.job?.progress.applied, 1);
});

test("a key's name is in the record, whoever it says it asks for", async (t) => {
  const guarded = await openTrips(t, { api: { access: { isKeyRequired: true } } });
  const keys = manageKeys(guarded.engine.store, randomUUID);
  const { key } = await keys.create({ name: "console", scopes: ["operate"], endsInMs: null }, "test");
  const headers = { authorization: `Bearer ${key}` };
  const runId = await guarded.startHeld();
  const path = `/v1/runs/${runId}/force`;
  await guarded.call.post(path, { headers, body: { state: "held" } });
  await guarded.call.post(path, { headers, body: { state: "held", by: "anna" } });
  const { items } = await guarded.engine.operator.listActions({ kind: "run.force", limit: 2 });
  assert.deepEqual(
    items.map(({ by }) => by),
    ["anna (console)", "console"],
  );
});
