/** Inputs for which nobody waits any more: what becomes of those that cannot be taken in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createEngine } from "../create-engine.ts";
import type { Engine, EngineParts } from "../create-engine.ts";
import type { Json } from "@sluice/contracts/envelope";
import type { FlowDefinition } from "../core/flow.ts";
import type { LaneInput } from "../core/inputs.ts";
import { laneOf } from "../core/lane.ts";
import type { LogPort, MeterPort, Store, TakeReply, Transport } from "../core/ports.ts";
import { createMemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { withCommit } from "./fixtures/memory-engine.ts";

const LANES = 4;
const RUN_ID = "01890a5d-ac96-774b-bcce-b302099a8057";
const POISON_ID = "01890a5d-ac96-774b-bcce-b302099a8058";

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: { type: "object", required: ["by"] } },
  initial: "open",
  states: { open: { on: { Paid: "done" } }, done: { final: "done" } },
};

interface Line {
  readonly level: "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

interface Watched {
  readonly engine: Engine;
  readonly lines: readonly Line[];
  /** Labels of the refusals that were counted. */
  readonly refused: readonly object[];
}

async function startWatched(
  t: TestContext,
  store: Store,
  parts: Partial<EngineParts> = {},
): Promise<Watched> {
  const lines: Line[] = [];
  const refused: object[] = [];
  const keep =
    (level: Line["level"]) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields: { ...fields }, message });
  const log: LogPort = { debug: () => {}, info: () => {}, warn: keep("warn"), error: keep("error") };
  const nothing = { inc: () => {}, set: () => {}, observe: () => {} };
  const meter: MeterPort = {
    counter: (name) =>
      name === "sluice_refused_inputs_total" ? { inc: (labels) => void refused.push(labels) } : nothing,
    gauge: () => nothing,
    histogram: () => nothing,
  };
  const options = { lanes: LANES, leaseMs: 300 };
  const engine = await createEngine({
    store,
    flows: [order],
    participants: [],
    log,
    meter,
    options,
    ...parts,
  });
  t.after(() => engine.stop());
  await engine.start();
  return { engine, lines, refused };
}

function memoryStore(): Store {
  const database = createMemoryDatabase({ nowMs: () => Date.now() });
  return createMemoryStore({ database, engineId: "a" });
}

function startOf(runId: string): LaneInput {
  const identity = { runId, flow: "order", flowVersion: 1, key: null, startId: `start of ${runId}` };
  return { kind: "start", ...identity, lane: laneOf(runId, LANES), data: { card: "4711" } };
}

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 10_000;
  while (!(await condition())) {
    assert.ok(performance.now() < untilMs, what);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A store that can keep this run in its inbox and nowhere else. */
function withoutRoomFor(runId: string, store: Store): Store {
  return withCommit(store, (commit, { runs }) =>
    runs.some((run) => run.runId === runId) ? Promise.reject(new Error("no room")) : commit(),
  );
}

test("an input of the inbox that cannot be stored is removed and logged, and others are taken in", async (t) => {
  const memory = memoryStore();
  await memory.openDeployment(LANES);
  const inputs = [startOf(POISON_ID), startOf(RUN_ID)];
  await memory.appendInbox(
    inputs.map((input, at) => ({ inboxId: `row ${at}`, lane: laneOf(input.runId, LANES), input })),
  );
  const { engine, lines } = await startWatched(t, withoutRoomFor(POISON_ID, memory));
  await until("the inbox is empty", async () => (await engine.store.totals()).inbox === 0);
  await until("the other run is there", async () => (await engine.client.get(RUN_ID)) !== null);
  assert.equal(await engine.client.get(POISON_ID), null);
  const left = lines.filter(({ message }) => message.includes("this line is what is left of it"));
  assert.deepEqual(
    left.map(({ level, fields: { err: _, ...fields } }) => ({ level, ...fields })),
    [{ level: "error", inboxId: "row 0", runId: POISON_ID, input: inputs[0] }],
  );
});

test("an input of the inbox that the rules refuse is logged and counted", async (t) => {
  const memory = memoryStore();
  await memory.openDeployment(LANES);
  const input: LaneInput = { kind: "event", runId: RUN_ID, id: "e", type: "Paid", data: { by: "card" } };
  await memory.appendInbox([{ inboxId: "row", lane: laneOf(RUN_ID, LANES), input }]);
  const { engine, lines, refused } = await startWatched(t, memory);
  await until("the inbox is empty", async () => (await engine.store.totals()).inbox === 0);
  await until("it is counted", () => refused.length === 1);
  assert.deepEqual(refused, [{ source: "inbox", code: "FLOW_UNKNOWN_RUN" }]);
  const [line] = lines.filter(({ fields }) => fields["code"] === "FLOW_UNKNOWN_RUN");
  assert.deepEqual([line?.level, line?.fields["runId"], line?.fields["eventId"]], ["warn", RUN_ID, "e"]);
});

test("what was accepted and is refused later stands in the history of its run, and may come again", async (t) => {
  const memory = memoryStore();
  const { engine, refused } = await startWatched(t, memory);
  const { runId } = await engine.client.start("order", { key: "o-1", data: { card: "4711" } });
  const lane = laneOf(runId, LANES);
  const bad: LaneInput = { kind: "event", runId, id: "pay-1", type: "Paid", data: {} };
  const start = startOf(runId);
  await memory.appendInbox([bad, start].map((input, at) => ({ inboxId: `row ${at}`, lane, input })));
  await until("both are refused", () => refused.length === 2);
  const { items } = await engine.client.history({ runId, limit: 10 });
  assert.deepEqual(
    items
      .slice(1)
      .map(({ version, kind, type, eventId, error }) => [version, kind, type, eventId, error?.code]),
    [
      [2, "refused", "Paid", "pay-1", "FLOW_BAD_EVENT"],
      [3, "refused", undefined, `start of ${runId}`, "FLOW_RUN_EXISTS"],
    ],
  );
  assert.equal((await engine.client.require(runId)).state, "open");
  const again = { id: "pay-1", type: "Paid", data: { by: "card" } };
  const sent = await engine.client.send(runId, again);
  assert.deepEqual([sent.outcome, sent.version, sent.isRepeat], ["applied", 4, false]);
  assert.equal((await engine.client.send(runId, again)).isRepeat, true);
  assert.deepEqual((await engine.store.audit({ quiet: false })).findings, []);
});

test("an event that a transport brings and the rules refuse is acknowledged, logged and counted", async (t) => {
  let take: TakeReply = () => assert.fail("the transport was not started");
  const source: Transport = {
    channel: "callbacks",
    commandsPerSendMax: 1,
    sendsMax: 1,
    send: async () => [],
    start: async (given) => void (take = given),
  };
  const { engine, lines, refused } = await startWatched(t, memoryStore(), { participants: [source] });
  const { runId } = await engine.client.start("order", { data: {} });
  const tell = async (id: string, data: Json) =>
    (await take({ kind: "event", runId, event: { id, type: "Paid", data } })).outcome;
  assert.equal(await tell("bad", {}), "refused");
  assert.equal(await tell("worse", { by: Number.NaN }), "refused");
  assert.equal(await tell("good", { by: "card" }), "taken");
  assert.equal((await engine.client.require(runId)).outcome, "done");
  const refusal = { source: "transport", code: "FLOW_BAD_EVENT" };
  assert.deepEqual(refused, [refusal, refusal]);
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields["runId"], fields["eventId"], fields["code"]]),
    ["bad", "worse"].map((eventId) => ["warn", runId, eventId, "FLOW_BAD_EVENT"]),
  );
});
