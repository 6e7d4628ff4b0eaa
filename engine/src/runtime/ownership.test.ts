import assert from "node:assert/strict";
import { test } from "node:test";
import { createEngine } from "../create-engine.ts";
import type { Clock } from "../core/ports.ts";
import { createMemoryDatabase } from "../stores/memory/memory-database.ts";
import { createMemoryStore } from "../stores/memory/memory-store.ts";
import { systemClock } from "./clock.ts";
import { until } from "./fixtures/memory-engine.ts";

const LEASE_MS = 3_000;
/** What is left of the former owner's lease: less than the time from one heartbeat to the next. */
const LEFT_MS = 400;
/** So soon after the lease has ended its lanes are somebody else's. */
const LATE_MS_MAX = 20;

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
