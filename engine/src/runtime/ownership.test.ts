import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createEngine } from "../create-engine.ts";
import type { Engine } from "../create-engine.ts";
import { engineError } from "../core/errors.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { Clock, Peers, Store } from "../core/ports.ts";
import { createMemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { systemClock } from "./clock.ts";
import { until } from "./fixtures/memory-engine.ts";

const LEASE_MS = 3_000;
/** What is left of the former owner's lease: less than the time from one heartbeat to the next. */
const LEFT_MS = 400;
/** So soon after the lease has ended its lanes are somebody else's. */
const LATE_MS_MAX = 20;

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: { type: "object" } },
  initial: "open",
  states: { open: { on: { Paid: "done" } }, done: { final: "done" } },
};
const LANES = 4;
const RUNS = 16;

/** Time that passes when the test says so. */
function handClock(): { readonly clock: Clock; nowMs(): number; advanceTo(ms: number): void } {
  let nowMs = 1_000_000;
  const startMs = nowMs;
  const due = new Map<() => void, number>();
  const clock: Clock = {
    ...systemClock(),
    monotonicMs: () => nowMs,
    schedule: (delayMs, callback) => {
      const wake = (): void => callback();
      due.set(wake, nowMs + delayMs);
      return () => void due.delete(wake);
    },
  };
  const advanceTo = (ms: number): void => {
    nowMs = startMs + ms;
    for (const [wake, atMs] of due) if (atMs <= nowMs && due.delete(wake)) wake();
  };
  return { clock, nowMs: () => nowMs, advanceTo };
}

test("lanes of an owner that died are taken over when its lease ends, not at the heartbeat after that", async (t) => {
  const { clock, nowMs, advanceTo } = handClock();
  const database = createMemoryDatabase({ nowMs });
  const dead = createMemoryStore({ database, engineId: "dead" });
  await dead.openDeployment(2);
  await dead.heartbeat({ engineId: "dead", address: null, leaseMs: LEFT_MS });
  await dead.claimLanes({ engineId: "dead", laneIds: [0, 1], leaseMs: LEFT_MS });
  const store = createMemoryStore({ database, engineId: "next" });
  const engine = await createEngine({
    store,
    flows: [],
    participants: [],
    clock,
    options: { lanes: 2, leaseMs: LEASE_MS },
  });
  const owners = async (): Promise<(string | null)[]> =>
    (await store.listLanes()).map(({ ownerId }) => ownerId);

  const started = engine.start();
  t.after(() => engine.stop());
  await until("the next engine has looked around", () => database.engines.has("next"));
  advanceTo(LEFT_MS - 1);
  assert.deepEqual(await owners(), ["dead", "dead"]);

  advanceTo(LEFT_MS + LATE_MS_MAX);
  await until("the lanes are taken over", async () => (await owners()).every((owner) => owner === "next"));
  await started;
});

/** Two engines that join one after the other, reach each other, and read what lanes have written through `adapt`. */
async function pair(
  t: TestContext,
  adapt: (store: Store, clock: Clock) => Store,
): Promise<{
  readonly first: Engine;
  readonly second: Engine;
  /** Lets so many leases pass, or fewer: until then. */
  pass(leases: number, until?: () => boolean | Promise<boolean>): Promise<void>;
}> {
  const { clock, nowMs, advanceTo } = handClock();
  const beganMs = nowMs();
  const database = createMemoryDatabase({ nowMs });
  const engines = new Map<string, Engine>();
  const require = (address: string): Engine => {
    const engine = engines.get(address);
    if (engine === undefined) throw engineError("FLOW_NO_OWNER", `nobody at ${address}`);
    return engine;
  };
  const pass = async (
    leases: number,
    until: () => boolean | Promise<boolean> = () => false,
  ): Promise<void> => {
    const endMs = nowMs() + leases * LEASE_MS;
    while (nowMs() < endMs && !(await until())) {
      advanceTo(nowMs() - beganMs + LEASE_MS / 30);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const join = async (engineId: string): Promise<Engine> => {
    const engine = await createEngine({
      store: adapt(createMemoryStore({ database, engineId }), clock),
      flows: [order],
      participants: [],
      clock,
      peers: (): Peers => ({ forward: async (address, inputs) => require(address).receive(inputs) }),
      options: { lanes: LANES, leaseMs: LEASE_MS, address: engineId },
    });
    engines.set(engineId, engine);
    t.after(async () => {
      const stopped = engine.stop();
      await pass(10);
      await stopped;
    });
    let isStarted = false;
    const started = engine.start().then(() => (isStarted = true));
    await pass(10, () => isStarted);
    await started;
    return engine;
  };
  const first = await join("first");
  return { first, second: await join("second"), pass };
}

async function ownersOf({ store }: Engine): Promise<readonly string[]> {
  return (await store.listLanes()).map(({ ownerId }) => ownerId ?? "nobody");
}

/** Runs enough that each lane has some. */
async function assertEveryLaneServes(engine: Engine): Promise<void> {
  let decided = 0;
  for (let run = 0; run < RUNS; run++)
    void engine.client.start("order", { data: {} }).then(({ isDecided }) => (decided += isDecided ? 1 : 0));
  await until("every start is decided", () => decided === RUNS);
}

test("engines whose claims take longer than a lease do not take lanes from each other", async (t) => {
  const slow = (store: Store, clock: Clock): Store => ({
    ...store,
    listWritten: async (lanes) => {
      await new Promise<void>((resolve) => void clock.schedule(2 * LEASE_MS, resolve));
      return store.listWritten(lanes);
    },
  });
  const { first, second, pass } = await pair(t, slow);
  await pass(6);
  const shared = await first.store.listLanes();
  assert.deepEqual((await ownersOf(first)).toSorted(), ["first", "first", "second", "second"]);
  await assertEveryLaneServes(first);
  await assertEveryLaneServes(second);
  await pass(10);
  assert.deepEqual(
    (await first.store.listLanes()).map(({ epoch }) => epoch),
    shared.map(({ epoch }) => epoch),
  );
});

test("lanes that an engine has claimed and cannot take over go to another, and are shared again when it can", async (t) => {
  let failures = 0;
  let isBroken = true;
  const broken = (store: Store): Store => ({
    ...store,
    listWritten: async (lanes) => {
      if (!isBroken || store.engineId !== "second") return store.listWritten(lanes);
      failures++;
      throw engineError("FLOW_STORE_UNAVAILABLE", "cannot be read from here");
    },
  });
  const { first, pass } = await pair(t, broken);
  await pass(3, () => failures > 0);
  assert.equal(failures, 1);
  const isFirsts = async (): Promise<boolean> =>
    (await ownersOf(first)).every((owner) => owner === first.engineId);
  await pass(2, isFirsts);
  assert.ok(await isFirsts(), "the other one has them");
  await assertEveryLaneServes(first);
  await pass(30);
  assert.ok(failures < 10, `tried ever more seldom, found ${failures} times`);
  isBroken = false;
  await pass(40, async () => (await ownersOf(first)).filter((owner) => owner === "second").length === 2);
  assert.deepEqual((await ownersOf(first)).toSorted(), ["first", "first", "second", "second"]);
  await pass(1);
  await assertEveryLaneServes(first);
});
