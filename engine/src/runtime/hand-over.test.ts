/** Lanes that go from an engine to another in good order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { Engine, EngineParts } from "../create-engine.ts";
import { engineError } from "../core/errors.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { Settlement } from "../core/inputs.ts";
import type { Peers } from "../core/ports.ts";
import { assertSound, memoryDatabase, remote, startEngine, until } from "./fixtures/memory-engine.ts";

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: { type: "object" } },
  initial: "open",
  states: { open: { on: { Paid: "done" } }, done: { final: "done" } },
};
const parcel: FlowDefinition = {
  name: "parcel",
  version: 1,
  events: { Sent: { type: "object" } },
  commands: { Send: { channel: "carrier", answers: ["Sent"] } },
  initial: "sending",
  states: { sending: { send: { Send: "data" }, on: { Sent: "sent" } }, sent: { final: "sent" } },
};
/** So long that nothing here can have waited for the end of a lease, or for the next heartbeat. */
const LEASE_MS = 600_000;
const LANES = 4;

/** Engines that reach each other by their ids. */
async function open(
  t: TestContext,
  parts: Pick<EngineParts, "flows" | "participants">,
  ids: readonly string[] = ["a", "b"],
): Promise<readonly Engine[]> {
  const database = memoryDatabase();
  const engines = new Map<string, Engine>();
  const require = (address: string): Engine => {
    const engine = engines.get(address);
    if (engine === undefined) throw engineError("FLOW_NO_OWNER", `nobody at ${address}`);
    return engine;
  };
  const peers = (): Peers => ({
    forward: async (address, inputs) => require(address).receive(inputs),
    lanesMoved: async (address) => require(address).lanesMoved(),
  });
  for (const engineId of ids) {
    const options = { lanes: LANES, leaseMs: LEASE_MS, address: engineId };
    engines.set(engineId, await startEngine(t, database, { ...parts, engineId, peers, options }));
  }
  return [...engines.values()];
}

async function ownersOf(engine: Engine): Promise<ReadonlySet<string | null>> {
  return new Set((await engine.store.listLanes()).map(({ ownerId }) => ownerId));
}

function pairOf([first, second]: readonly Engine[]): readonly [Engine, Engine] {
  assert.ok(first !== undefined && second !== undefined);
  return [first, second];
}

async function share(engines: readonly Engine[]): Promise<readonly [Engine, Engine]> {
  const [first, second] = pairOf(engines);
  await until("lanes are shared", async () => (await ownersOf(first)).size === 2);
  return [first, second];
}

test("an engine that is about to stop hands its lanes over at once, and passes on what it is asked", async (t) => {
  const [leaving, staying] = await share(await open(t, { flows: [order], participants: [] }));
  assert.equal(leaving.readiness(), true);
  await leaving.handOver();
  assert.deepEqual([...(await ownersOf(leaving))], [staying.engineId]);
  assert.equal(leaving.readiness(), "the engine is about to stop");
  const started = await Promise.all(
    Array.from({ length: 12 }, (_, at) => leaving.client.start("order", { data: {}, key: `o-${at}` })),
  );
  assert.ok(started.every(({ isDecided }) => isDecided));
  await leaving.stop();
  assert.deepEqual([...(await ownersOf(staying))], [staying.engineId]);
  await assertSound(staying);
});

test("an engine that is told to stop as soon as it has joined leaves no lane without an owner", async (t) => {
  const [staying, leaving] = pairOf(await open(t, { flows: [order], participants: [] }));
  await leaving.handOver();
  await until("one has them all", async () => {
    const owners = await ownersOf(staying);
    return owners.size === 1 && owners.has(staying.engineId);
  });
});

test("an engine hands its lanes over to one that has come since its last heartbeat", async (t) => {
  const [leaving, joined] = pairOf(await open(t, { flows: [order], participants: [] }));
  await leaving.handOver();
  assert.deepEqual([...(await ownersOf(leaving))], [joined.engineId]);
});

test("an engine that nobody could follow keeps its lanes until it stops", async (t) => {
  const [alone] = await open(t, { flows: [order], participants: [] }, ["a"]);
  assert.ok(alone !== undefined);
  await alone.handOver();
  const { isDecided } = await alone.client.start("order", { data: {} });
  assert.deepEqual([isDecided, [...(await ownersOf(alone))]], [true, ["a"]]);
});

test("a command that is under way when its lane is handed over is not sent again", async (t) => {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const sent: string[] = [];
  const settle = async ({ commandId }: CommandMessage): Promise<Settlement> => {
    sent.push(commandId);
    const gate = Promise.withResolvers<void>();
    gates.set(commandId, gate);
    await gate.promise;
    return { type: "answered", event: { type: "Sent", data: {} } };
  };
  const engines = await open(t, { flows: [parcel], participants: [remote("carrier", settle)] });
  const [leaving, staying] = await share(engines);
  const runs = await Promise.all(
    Array.from({ length: 8 }, () => leaving.client.start("parcel", { data: {} })),
  );
  await until("each is under way", () => gates.size === runs.length);
  const handedOver = leaving.handOver();
  const late = await leaving.client.start("parcel", { data: {} });
  assert.ok(late.isDecided, "inputs are taken in meanwhile");
  for (const { resolve } of gates.values()) resolve();
  await handedOver;
  await until(
    "the last one is sent by the other engine, or by this one",
    () => gates.size === runs.length + 1,
  );
  for (const { resolve } of gates.values()) resolve();
  for (const { runId } of [...runs, late])
    await until("the parcel is sent", async () => (await staying.client.require(runId)).outcome === "sent");
  assert.equal(new Set(sent).size, sent.length);
  await leaving.stop();
  await assertSound(staying);
});
