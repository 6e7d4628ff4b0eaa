import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Answered } from "../fixtures/call-api.ts";
import { memoryDatabase } from "../fixtures/open-engine.ts";
import { openTrips } from "../fixtures/open-trips.ts";
import type { TripsUnderTest } from "../fixtures/open-trips.ts";
import { assertProblem } from "../fixtures/problem.ts";
import { trip, trip2, trip3 } from "../fixtures/trips.ts";
import { until } from "../fixtures/until.ts";

const api = await openTrips({ after });
const { call, engine, startHeld, startParked, startUncharged, stateOf } = api;

interface Job {
  readonly jobId: string;
  readonly state: string;
  readonly seen: number;
  readonly applied: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly examples: readonly { readonly runId: string; readonly from: string; readonly to: string | null }[];
  readonly by: string;
  readonly reason: string | null;
  readonly endedAt: string | null;
}
const jobOf = ({ body }: Answered) => body as Job;

/** Waits until lists show a run in a state. */
async function listed({ call: ask }: Pick<TripsUnderTest, "call">, filter: string, runs: number) {
  await until(`${runs} runs with ${filter}`, async () => {
    const { items } = (await ask.get(`/v1/runs?limit=200&${filter}`)).body as { readonly items: unknown[] };
    return items.length >= runs ? true : undefined;
  });
}

async function ended({ call: ask }: Pick<TripsUnderTest, "call">, jobId: string): Promise<Job> {
  return until(`job ${jobId} has ended`, async () => {
    const job = jobOf(await ask.get(`/v1/jobs/${jobId}`));
    return job.endedAt === null ? undefined : job;
  });
}

async function startRuns(count: number, start: (key: string) => Promise<string>, prefix: string) {
  return Promise.all(Array.from({ length: count }, (_, nth) => start(`${prefix}-${nth}`)));
}

test("a job does something to all runs of a filter and says how many", async () => {
  const runIds = await startRuns(5, startHeld, "all");
  await listed(api, "flow=trip&state=held", 5);
  const answer = await call.post("/v1/jobs", {
    body: {
      operation: { type: "cancel", compensate: false },
      filter: { flow: "trip", state: "held" },
      by: "anna",
      reason: "the season is over",
    },
  });
  assert.equal(answer.status, 202);
  const { jobId } = jobOf(answer);
  assert.equal(answer.headers.get("location"), `/v1/jobs/${jobId}`);
  const job = await ended(api, jobId);
  assert.deepEqual(
    [job.state, job.seen, job.applied, job.refused, job.by, job.reason],
    ["done", 5, 5, {}, "anna", "the season is over"],
  );
  for (const runId of runIds) {
    assert.equal(await stateOf(runId), "canceled");
    const last = (await engine.client.history({ runId, limit: 50 })).items.at(-1);
    assert.deepEqual([last?.by, last?.reason, last?.eventId], ["anna", "the season is over", jobId]);
  }
});

test("a dry run changes nothing and tells what would happen", async () => {
  const held = await startHeld("dry");
  const parked = await startParked("dry-parked");
  await listed(api, "flow=trip&key=dry&state=held", 1);
  await listed(api, "flow=trip&key=dry-parked&parked=true", 1);
  const filter = { runIds: [held, parked] };
  const operation = { type: "redrive" };
  const answer = await call.post("/v1/jobs", { body: { operation, filter, dryRun: true } });
  const job = await ended(api, jobOf(answer).jobId);
  assert.deepEqual([job.seen, job.applied, job.refused], [2, 1, { FLOW_RUN_NOT_PARKED: 1 }]);
  assert.deepEqual(
    new Map(job.examples.map(({ runId, from, to }) => [runId, [from, to]])),
    new Map([
      [held, ["held", null]],
      [parked, ["held", "held"]],
    ]),
  );
  assert.equal((await engine.client.require(parked)).parked, "rule-failed");
  assert.equal((await engine.client.history({ runId: parked, limit: 50 })).items.at(-1)?.kind, "parked");
});

test("a preview tells page by page what would happen to each run", async () => {
  const runIds = await startRuns(3, startHeld, "preview");
  const unknown = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";
  const body = {
    operation: { type: "force", state: "paid" },
    filter: { runIds: [...runIds, unknown] },
    limit: 2,
  };
  const results: Record<string, unknown>[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const answer: Answered = await call.post("/v1/jobs/preview", {
      body: { ...body, ...(cursor === "" ? {} : { cursor }) },
    });
    assert.equal(answer.status, 200);
    const page = answer.body as { items: Record<string, unknown>[]; cursor: string | null };
    assert.ok(page.items.length <= 2);
    results.push(...page.items);
    cursor = page.cursor;
  }
  assert.deepEqual(
    results.map(({ runId, from, to, code }) => [runId, from, to, code]),
    [...runIds.map((runId) => [runId, "held", "paid", null]), [unknown, "", null, "FLOW_UNKNOWN_RUN"]],
  );
  for (const runId of runIds) assert.equal(await stateOf(runId), "held");
});

test("a job whose filter finds nothing ends at once with nothing done", async () => {
  for (const [path, body] of [
    ["/v1/dead-letters/redrive", { filter: { flow: "instant" } }],
    ["/v1/jobs", { operation: { type: "retry" }, filter: { flow: "instant", state: "stamping" } }],
  ] as const) {
    const answer = await call.post(path, { body });
    assert.equal(answer.status, 202);
    const job = await ended(api, jobOf(answer).jobId);
    assert.deepEqual([job.state, job.seen, job.applied, job.refused], ["done", 0, 0, {}]);
  }
});

test("dead letters are redriven by filter, and only those", async () => {
  const [mended, broken] = [await startUncharged("redrive-mended"), await startParked("redrive-broken")];
  await listed(api, "flow=trip&parked=true&key=redrive-mended", 1);
  await listed(api, "flow=trip&parked=true&key=redrive-broken", 1);
  const answer = await call.post("/v1/dead-letters/redrive", {
    body: { filter: { flow: "trip", parkReason: "command-refused" }, reason: "the reader is mended" },
  });
  const job = await ended(api, jobOf(answer).jobId);
  assert.deepEqual([job.state, job.applied], ["done", 1]);
  await api.reach(mended, "done");
  assert.equal((await engine.client.require(broken)).parked, "rule-failed");
  assert.equal((await engine.client.history({ runId: broken, limit: 50 })).items.at(-1)?.kind, "parked");
});

test("a job keeps to its rate and is stopped in the middle", async () => {
  await startRuns(6, startHeld, "slow");
  await listed(api, "flow=trip&state=held", 6);
  const answer = await call.post("/v1/jobs", {
    body: {
      operation: { type: "cancel", compensate: false },
      filter: { flow: "trip", state: "held" },
      runsPerSecond: 0.01,
    },
  });
  const { jobId } = jobOf(answer);
  await until("the first run is done", async () =>
    jobOf(await call.get(`/v1/jobs/${jobId}`)).applied === 1 ? true : undefined,
  );
  const stopping = await call.post(`/v1/jobs/${jobId}/stop`, { body: { by: "ben", reason: "a mistake" } });
  assert.equal(stopping.status, 200);
  const job = await ended(api, jobId);
  assert.deepEqual([job.state, job.seen, job.applied], ["stopped", 1, 1]);
  const again = jobOf(await call.post(`/v1/jobs/${jobId}/stop`, { body: {} }));
  assert.equal(again.state, "stopped");
  const { items } = (await call.get("/v1/audit?kind=job.stop")).body as {
    readonly items: readonly Record<string, unknown>[];
  };
  assert.deepEqual(
    items.map(({ by, reason, subject, runs }) => [by, reason, subject, runs]),
    [["ben", "a mistake", { jobId }, null]],
  );
});

test("a job goes on after its engine has died, and does to each run once", async (t) => {
  const database = memoryDatabase();
  const first = await openTrips(t, { database });
  const runIds = await startRuns(8, first.startHeld, "gone");
  await listed(first, "flow=trip&state=held", 8);
  const body = {
    operation: { type: "force", state: "held" },
    filter: { flow: "trip", state: "held" },
    runsPerSecond: 4,
  };
  const { jobId } = jobOf(await first.call.post("/v1/jobs", { body }));
  await until("some are done", async () =>
    jobOf(await first.call.get(`/v1/jobs/${jobId}`)).applied >= 2 ? true : undefined,
  );
  await first.engine.stop();
  const next = await openTrips(t, { database, engineId: "engine-b" });
  const job = await ended(next, jobId);
  assert.deepEqual([job.state, job.seen, job.applied, job.refused], ["done", 8, 8, {}]);
  for (const runId of runIds) {
    const { items } = await next.engine.client.history({ runId, limit: 50 });
    assert.equal(items.filter(({ kind }) => kind === "forced").length, 1, runId);
  }
});

test("a job knows what became of runs in lanes of an engine that it cannot reach", async (t) => {
  const database = memoryDatabase();
  const first = await openTrips(t, { database });
  const runIds = await startRuns(12, first.startHeld, "apart");
  const parked = await first.startParked("apart-parked");
  await listed(first, "flow=trip&state=held", 13);
  const second = await openTrips(t, { database, engineId: "engine-b" });
  await until("they share the lanes", async () => {
    const owners = (await second.engine.store.listLanes()).map(({ ownerId }) => ownerId);
    return owners.includes("engine-a") && owners.includes("engine-b") ? true : undefined;
  });
  const body = { operation: { type: "force", state: "held" }, filter: { runIds: [...runIds, parked] } };
  const job = await ended(first, jobOf(await first.call.post("/v1/jobs", { body })).jobId);
  assert.deepEqual([job.state, job.seen, job.applied, job.refused], ["done", 13, 13, {}]);
  const skip = { operation: { type: "skip" }, filter: { runIds } };
  const refused = await ended(first, jobOf(await first.call.post("/v1/jobs", { body: skip })).jobId);
  assert.deepEqual([refused.seen, refused.refused], [12, { FLOW_RUN_NOT_PARKED: 12 }]);
  const filter = { flow: "trip", state: "held" };
  const cancel = { operation: { type: "cancel", compensate: false }, filter };
  const canceled = await ended(second, jobOf(await second.call.post("/v1/jobs", { body: cancel })).jobId);
  assert.deepEqual([canceled.seen, canceled.applied], [13, 13]);
  for (const runId of runIds) {
    const { items } = await first.engine.client.history({ runId, limit: 50 });
    assert.deepEqual(
      items.flatMap(({ kind, by }) => (by === undefined ? [] : [kind])),
      ["forced", "canceled"],
    );
  }
});

test("a run that has moved on is left alone by a job that finds it where it was", async (t) => {
  const database = memoryDatabase();
  const first = await openTrips(t, { database });
  const [moving = "", staying = ""] = await startRuns(2, first.startHeld, "moving");
  await listed(first, "flow=trip&state=held", 2);
  await first.engine.stop();
  // Its lists follow so late that they show what was.
  const late = await openTrips(t, { database, engineId: "engine-b", engine: { projectionMs: 60_000 } });
  await late.engine.operator.pause({ flow: "trip", scope: "command", name: "Charge" }, { by: "test" });
  await late.engine.client.send(moving, { type: "Paid", data: {} });
  const body = { operation: { type: "cancel" }, filter: { flow: "trip", state: "held" } };
  const preview = (await late.call.post("/v1/jobs/preview", { body })).body as { readonly items: unknown[] };
  assert.equal(preview.items.length, 1);
  const job = await ended(late, jobOf(await late.call.post("/v1/jobs", { body })).jobId);
  assert.deepEqual([job.state, job.seen, job.applied, job.refused], ["done", 1, 1, {}]);
  assert.equal(await late.stateOf(moving), "paid");
  await late.reach(staying, "canceled");
});

test("a job over very many runs keeps only some of them by name", async (t) => {
  const many = await openTrips(t);
  const RUNS = 2_500;
  for (let from = 0; from < RUNS; from += 250)
    await Promise.all(
      Array.from({ length: 250 }, () =>
        many.engine.client.start("order", { data: { seat: "A1", amountMinor: 1 } }),
      ),
    );
  await until("all are in the lists", async () => {
    const counts = await many.engine.client.countStates("order");
    return counts.reduce((sum, { runs }) => sum + runs, 0) === RUNS ? true : undefined;
  });
  const body = { operation: { type: "redrive" }, filter: { flow: "order", parked: false } };
  const dry = { operation: { type: "force", state: "paid" }, filter: { flow: "order" }, dryRun: true };
  const tried = await ended(many, jobOf(await many.call.post("/v1/jobs", { body: dry })).jobId);
  assert.deepEqual([tried.seen, tried.applied, tried.examples.length], [RUNS, RUNS, 5]);
  const refused = await ended(many, jobOf(await many.call.post("/v1/jobs", { body })).jobId);
  assert.deepEqual([refused.seen, refused.refused], [RUNS, { FLOW_RUN_NOT_PARKED: RUNS }]);
  const cancel = { operation: { type: "cancel" }, filter: { flow: "order" } };
  const job = await ended(many, jobOf(await many.call.post("/v1/jobs", { body: cancel })).jobId);
  assert.deepEqual([job.seen, job.applied], [RUNS, RUNS]);
});

test("jobs are listed newest first, without operations on single runs", async () => {
  const runId = await startHeld();
  await call.post(`/v1/runs/${runId}/cancel`, { body: { compensate: false } });
  const { items, cursor } = (await call.get("/v1/jobs?limit=2")).body as {
    readonly items: readonly (Job & { readonly askedAt: string; readonly operation: { type: string } })[];
    readonly cursor: string | null;
  };
  assert.equal(items.length, 2);
  assert.ok(cursor !== null);
  assert.ok((items[0]?.askedAt ?? "") >= (items[1]?.askedAt ?? ""));
  const all = (await call.get("/v1/jobs?limit=200")).body as { readonly items: readonly Job[] };
  assert.ok(all.items.every(({ jobId }) => jobId !== runId));
  const done = (await call.get("/v1/jobs?state=done&limit=200")).body as { readonly items: readonly Job[] };
  assert.ok(done.items.length > 0 && done.items.every(({ state }) => state === "done"));
});

test("a job repeated under its idempotency key is one job", async () => {
  const headers = { "idempotency-key": "job-1" };
  const body = { operation: { type: "retry" }, filter: { flow: "trip", state: "paid" } };
  const first = jobOf(await call.post("/v1/jobs", { body, headers }));
  assert.equal(jobOf(await call.post("/v1/jobs", { body, headers })).jobId, first.jobId);
  const others = [
    { ...body, filter: { flow: "trip" } },
    { ...body, operation: { type: "cancel" } },
    { ...body, reason: "another one" },
  ];
  for (const other of others)
    assertProblem(await call.post("/v1/jobs", { body: other, headers }), 422, "FLOW_IDEMPOTENCY_CONFLICT");
});

test("runs are moved to a new version by a job, those that are there are none of its business, and a version that leaves some without a place is refused", async (t) => {
  const database = memoryDatabase();
  const old = await openTrips(t, { database });
  const runIds = await startRuns(3, old.startHeld, "migrate");
  await listed(old, "flow=trip&state=held", 3);
  await old.engine.stop();
  const next = await openTrips(t, { database, engineId: "engine-b", flows: [trip, trip2, trip3] });
  const migrate = (toVersion: number) => ({
    operation: { type: "migrate", toVersion },
    filter: { flow: "trip" },
  });
  const refused = await next.call.post("/v1/jobs", { body: migrate(3) });
  assertProblem(refused, 409, "FLOW_MIGRATION_REFUSED", /version 1 .* version 3 .*: held/);
  const preview = (await next.call.post("/v1/jobs/preview", { body: migrate(2) })).body as {
    readonly items: readonly Record<string, unknown>[];
  };
  assert.deepEqual(
    preview.items.map(({ from, to, code }) => [from, to, code]),
    runIds.map(() => ["held", "reserved", null]),
  );
  const job = await ended(next, jobOf(await next.call.post("/v1/jobs", { body: migrate(2) })).jobId);
  assert.deepEqual([job.state, job.applied], ["done", 3]);
  await listed(next, "flow=trip&state=reserved", 3);
  const again = await ended(next, jobOf(await next.call.post("/v1/jobs", { body: migrate(2) })).jobId);
  assert.deepEqual([again.state, again.seen, again.refused], ["done", 0, {}]);
  for (const runId of runIds) {
    const run = await next.engine.client.require(runId);
    assert.deepEqual([run.flowVersion, run.state], [2, "reserved"]);
    await next.engine.client.send(runId, { type: "Paid", data: {} });
    await next.reach(runId, "done");
  }
});

const LEFT = "held, null, FLOW_MIGRATION_REFUSED";
const fateOf = ({ from, to, code }: Readonly<Record<string, unknown>>): string =>
  [from, to, code].map(String).join(", ");

test("a dry run of a migration lists each run with what would become of it, also those that have no place there", async (t) => {
  const database = memoryDatabase();
  const old = await openTrips(t, { database });
  const held = await startRuns(2, old.startHeld, "left");
  const paid = await old.startUncharged("goes");
  await listed(old, "flow=trip&state=held", 2);
  await listed(old, "flow=trip&state=paid", 1);
  await old.engine.stop();
  const next = await openTrips(t, { database, engineId: "engine-b", flows: [trip, trip2, trip3] });
  const body = { operation: { type: "migrate", toVersion: 3 }, filter: { flow: "trip" } };
  const { status, body: preview } = await next.call.post("/v1/jobs/preview", { body });
  const { items, refusal } = preview as {
    readonly items: readonly Record<string, unknown>[];
    readonly refusal: { readonly code: string; readonly message: string };
  };
  assert.equal(status, 200);
  assert.deepEqual(
    new Map(items.map(({ runId, ...result }) => [runId, fateOf(result)])),
    new Map([[paid, "paid, paid, null"], ...held.map((runId) => [runId, LEFT] as const)]),
  );
  const left = items.find(({ from }) => from === "held");
  assert.match(
    String(left?.["message"]),
    /^cannot be migrated: version 3 of flow trip has no state for `held`/,
  );
  assert.equal(refusal.code, "FLOW_MIGRATION_REFUSED");
  assert.match(refusal.message, /version 1 .* version 3 .*: held;/);
  const asked = await next.call.post("/v1/jobs", { body: { ...body, dryRun: true } });
  assert.equal(asked.status, 202);
  const dry = (await ended(next, jobOf(asked).jobId)) as Job & {
    readonly fates: readonly Record<string, unknown>[];
    readonly refusal: typeof refusal;
  };
  assert.deepEqual([dry.seen, dry.applied, dry.refused], [3, 1, { FLOW_MIGRATION_REFUSED: 2 }]);
  assert.deepEqual(
    new Map(dry.fates.map((fate) => [fateOf(fate), fate["runs"]])),
    new Map([
      ["paid, paid, null", 1],
      [LEFT, 2],
    ]),
  );
  assert.deepEqual(dry.refusal, refusal);
  assertProblem(await next.call.post("/v1/jobs", { body }), 409, "FLOW_MIGRATION_REFUSED");
  for (const runId of [...held, paid]) assert.equal((await next.engine.client.require(runId)).flowVersion, 1);
});

test("jobs with wrong input are refused, and nothing is kept of them", async () => {
  const flow = "trip";
  const cancel = { type: "cancel" };
  const wrong: readonly (readonly [object, number, string, RegExp])[] = [
    [{ operation: cancel }, 400, "HOST_BAD_REQUEST", /filter is missing/],
    [{ operation: cancel, filter: {} }, 422, "FLOW_BAD_OPERATION", /filter is empty/],
    [{ operation: cancel, filter: { flow, sate: "held" } }, 400, "HOST_BAD_REQUEST", /sate is not known/],
    [{ operation: cancel, filter: { flow: "nothing" } }, 404, "FLOW_UNKNOWN_FLOW", /nothing/],
    [{ operation: cancel, filter: { outcome: "done" } }, 400, "HOST_BAD_REQUEST", /outcome/],
    [{ operation: cancel, filter: { runIds: [] } }, 422, "FLOW_BAD_OPERATION", /names 0 runs/],
    [{ operation: cancel, filter: { runIds: ["42"] } }, 422, "FLOW_BAD_OPERATION", /"42"/],
    [
      { operation: cancel, filter: { flow, runIds: ["01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57"] } },
      422,
      "FLOW_BAD_OPERATION",
      /either runIds or/,
    ],
    [
      { operation: cancel, filter: { runIds: Array.from({ length: 10_001 }, () => "x") } },
      400,
      "HOST_BAD_REQUEST",
      /runIds/,
    ],
    // A time that no clock shows would be none, and the filter then one for everything.
    [
      { operation: cancel, filter: { updatedSince: "2099-01-01T00:00:00+01" } },
      400,
      "FLOW_BAD_QUERY",
      /\+01/,
    ],
    [{ operation: cancel, filter: { updatedSince: "2099-01-01T23:59:60Z" } }, 400, "FLOW_BAD_QUERY", /:60Z/],
    [{ operation: cancel, filter: { flow, flowVersion: 2 ** 31 } }, 400, "HOST_BAD_REQUEST", /flowVersion/],
    [{ operation: cancel, filter: { flow }, runsPerSecond: 0 }, 400, "HOST_BAD_REQUEST", /runsPerSecond/],
    [{ operation: { type: "delete" }, filter: { flow } }, 400, "HOST_BAD_REQUEST", /one of "cancel"/],
    [{ operation: { type: "force" }, filter: { flow } }, 422, "FLOW_BAD_OPERATION", /without a state/],
    [{ operation: { type: "migrate" }, filter: { flow } }, 422, "FLOW_BAD_OPERATION", /toVersion/],
    [
      { operation: { type: "retry", state: "held" }, filter: { flow } },
      422,
      "FLOW_BAD_OPERATION",
      /retry with state/,
    ],
    [
      { operation: { type: "force", state: "nowhere" }, filter: { flow } },
      422,
      "FLOW_UNKNOWN_STATE",
      /booking, held/,
    ],
    [
      { operation: { type: "force", state: "hold" }, filter: { parked: true } },
      422,
      "FLOW_UNKNOWN_STATE",
      /no flow has a state hold.*"held"/,
    ],
    [
      { operation: { type: "migrate", toVersion: 7 }, filter: { flow } },
      422,
      "FLOW_MIGRATION_MISSING",
      /of: 1/,
    ],
    [
      { operation: { type: "migrate", toVersion: 1 }, filter: { state: "held" } },
      422,
      "FLOW_BAD_OPERATION",
      /names no flow/,
    ],
    [
      { operation: { type: "migrate", toVersion: 1 }, filter: { flow, flowVersion: 1 } },
      422,
      "FLOW_BAD_OPERATION",
      /flowVersion 1, expected an older one than version 1/,
    ],
  ];
  const countActions = async () => (await engine.operator.listActions({ limit: 200 })).items.length;
  const before = await countActions();
  for (const [body, status, code, detail] of wrong) {
    assertProblem(await call.post("/v1/jobs", { body }), status, code, detail);
    const { runsPerSecond, ...preview } = body as { readonly runsPerSecond?: number };
    if (runsPerSecond === undefined)
      assertProblem(await call.post("/v1/jobs/preview", { body: preview }), status, code, detail);
  }
  const redrives = [{ filter: {} }, { filter: { parkReason: "boredom" } }, { filter: { runId: "42" } }];
  for (const body of redrives) {
    const { status } = await call.post("/v1/dead-letters/redrive", { body });
    assert.ok(status === 422 || status === 400, JSON.stringify(body));
  }
  assert.equal(await countActions(), before);
});

test("jobs that nobody started are missing, and what is no job cannot be stopped", async () => {
  const NOBODY = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";
  for (const id of [NOBODY, "42", "%00"]) {
    assertProblem(await call.get(`/v1/jobs/${id}`), 404, "FLOW_UNKNOWN_ACTION");
    assertProblem(await call.post(`/v1/jobs/${id}/stop`, { body: {} }), 404, "FLOW_UNKNOWN_ACTION");
  }
  await engine.operator.record("flow.looked-at", {}, { by: "test" });
  const { items } = await engine.operator.listActions({ kind: "flow.looked-at", limit: 1 });
  const { actionId = "" } = items[0] ?? {};
  assertProblem(await call.get(`/v1/jobs/${actionId}`), 409, "FLOW_NOT_A_JOB");
  assertProblem(await call.post(`/v1/jobs/${actionId}/stop`, { body: {} }), 409, "FLOW_NOT_A_JOB");
});

test("what was done to one run, to a command type or to a key is in the audit, and no job", async () => {
  const runId = await startHeld();
  await call.post(`/v1/runs/${runId}/cancel`, { body: {} });
  await call.post("/v1/pauses", { body: { flow: "trip", command: "Charge" } });
  await call.post("/v1/pauses/resume", { body: { flow: "trip", command: "Charge" } });
  await call.post("/v1/keys", { body: { name: "ci", scopes: ["read"] } });
  const { items } = (await call.get("/v1/audit?limit=200")).body as {
    readonly items: readonly { readonly actionId: string; readonly kind: string }[];
  };
  const kinds = ["run.cancel", "command.pause", "command.resume", "key.create"];
  const jobs = (await call.get("/v1/jobs?limit=200")).body as {
    readonly items: readonly { readonly jobId: string }[];
  };
  for (const kind of kinds) {
    const { actionId } = items.find((item) => item.kind === kind) ?? assert.fail(`no ${kind} in the audit`);
    assertProblem(
      await call.get(`/v1/jobs/${actionId}`),
      409,
      "FLOW_NOT_A_JOB",
      /GET \/v1\/audit has all others/,
    );
    assertProblem(await call.post(`/v1/jobs/${actionId}/stop`, { body: {} }), 409, "FLOW_NOT_A_JOB");
    assert.ok(!jobs.items.some(({ jobId }) => jobId === actionId));
  }
});

test("cursors that no list of operations gave are refused", async () => {
  for (const path of ["/v1/jobs", "/v1/audit", "/v1/dead-letters"])
    assertProblem(await call.get(`${path}?cursor=nonsense`), 400, "FLOW_BAD_CURSOR");
  const runId = await startHeld();
  for (const filter of [{ flow: "trip" }, { runIds: [runId] }]) {
    const body = { operation: { type: "retry" }, filter, cursor: "nonsense" };
    assertProblem(await call.post("/v1/jobs/preview", { body }), 400, "FLOW_BAD_CURSOR");
  }
});
