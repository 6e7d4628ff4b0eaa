import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredTimer, TimerQuery } from "../core/ports.ts";
import { TimerWindow } from "./timer-window.ts";

const NOW_MS = 1_000_000;
const AHEAD_MS = 60_000;
const AGAIN_MS = 500;

/** A timer that is due so long ago; those of the flow `still` stand still. */
function timer(agoMs: number, flow = "moving"): StoredTimer {
  const dueAtMs = NOW_MS - agoMs;
  return {
    lane: 0,
    runId: `run ${agoMs}`,
    number: 1,
    dueAtMs,
    kind: "after",
    flow,
    flowVersion: 1,
    state: "open",
  };
}

const still = (agoMs: number): StoredTimer => timer(agoMs, "still");

/** A window over these timers, which may be changed, and the reads it has made. */
function open(timers: StoredTimer[], readMax = 3) {
  const reads: TimerQuery[] = [];
  const world = { isPaused: true, whileReading: (): void => {} };
  const window = new TimerWindow({
    store: {
      listTimers: async (query) => {
        reads.push(query);
        const { dueBeforeMs, after, limit } = query;
        const found = timers
          .filter(({ dueAtMs }) => dueAtMs < dueBeforeMs && dueAtMs > (after?.dueAtMs ?? 0))
          .toSorted((a, b) => a.dueAtMs - b.dueAtMs)
          .slice(0, limit);
        world.whileReading();
        return found;
      },
    },
    aheadMs: AHEAD_MS,
    readMax,
    againMs: AGAIN_MS,
    standsStill: ({ flow }) => world.isPaused && flow === "still",
  });
  return { window, reads, world, look: (nowMs = NOW_MS) => window.look([0], nowMs) };
}

test("a window that has room for all is read again long before its horizon", async () => {
  const { window, reads, look } = open([timer(20), timer(10)]);
  assert.deepEqual((await look()).length, 2);
  assert.equal(window.horizonMs, NOW_MS + AHEAD_MS);
  assert.deepEqual(await look(NOW_MS + AHEAD_MS / 2 - 1), []);
  assert.equal(reads.length, 1);
  assert.equal((await look(NOW_MS + AHEAD_MS / 2)).length, 2);
});

test("a backlog is read in portions, each from the first that has not fired", async () => {
  const timers = [50, 40, 30, 20, 10].map((agoMs) => timer(agoMs));
  const { look } = open(timers);
  assert.deepEqual(await look(), timers.slice(0, 3));
  assert.deepEqual(await look(NOW_MS + AGAIN_MS - 1), []);
  assert.deepEqual(await look(NOW_MS + AGAIN_MS), timers.slice(0, 3));
  timers.splice(0, 3);
  assert.deepEqual(await look(NOW_MS + 2 * AGAIN_MS), timers);
});

test("timers that stand still take no place in the window, however many there are", async () => {
  const timers = [
    ...Array.from({ length: 10 }, (_, at) => still(100 - at)),
    timer(50),
    still(40),
    timer(30),
    timer(20),
  ];
  const { reads, look } = open(timers);
  assert.deepEqual(await look(), [timer(50)]);
  assert.equal(reads.length, 4);
  assert.deepEqual(await look(NOW_MS + AGAIN_MS), [timer(50), timer(30)]);
  timers.splice(10, 1);
  assert.deepEqual(await look(NOW_MS + 2 * AGAIN_MS), [timer(30), timer(20)]);
});

test("one look reads only so much, and the next goes on without a rest", async () => {
  const { reads, look } = open([...Array.from({ length: 40 }, (_, at) => still(100 - at)), timer(5)]);
  assert.deepEqual(await look(), []);
  assert.equal(reads.length, 8);
  assert.deepEqual(await look(), [timer(5)]);
});

test("what was passed over is read in the next round, and at once when a pause is lifted", async () => {
  const timers = [still(9), still(8), still(7), still(6), timer(5)];
  const { window, world, look } = open(timers);
  assert.deepEqual(await look(), [timer(5)]);
  world.isPaused = false;
  assert.deepEqual(await look(NOW_MS + 1), []);
  window.restart();
  assert.deepEqual(await look(NOW_MS + 1), timers.slice(0, 3));
  const later = open(timers);
  await later.look();
  later.world.isPaused = false;
  assert.equal((await later.look(NOW_MS + AHEAD_MS / 2)).length, 3);
});

test("a pause that is lifted while the window is read passes nothing over", async () => {
  const timers = [still(9), still(8), still(7), still(6), timer(5)];
  const { window, world, look, reads } = open(timers);
  world.whileReading = () => {
    if (reads.length !== 2) return;
    world.isPaused = false;
    window.restart();
  };
  assert.deepEqual(await look(), [still(6), timer(5)]);
  assert.deepEqual(await look(), timers.slice(0, 3));
});

test("lanes that come with more timers than are read at once are read again with the next look", async () => {
  const timers = [still(9), timer(8), timer(7), timer(6)];
  const { window, look } = open(timers);
  assert.deepEqual(await window.begin([0], NOW_MS), [timer(8), timer(7)]);
  assert.deepEqual(await look(), [timer(8), timer(7)]);
  const small = open([timer(8)]);
  await small.look();
  assert.deepEqual(await small.window.begin([0], NOW_MS), [timer(8)]);
  assert.deepEqual(await small.look(NOW_MS + 1), []);
});
