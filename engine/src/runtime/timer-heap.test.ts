import assert from "node:assert/strict";
import { test } from "node:test";
import type { TimerRow } from "../core/ports.ts";
import { TimerHeap } from "./timer-heap.ts";

function timer(number: number, dueAtMs: number, lane = 0): TimerRow {
  return { lane, runId: "r", number, dueAtMs, kind: "after" };
}

test("due timers come soonest first, at most as many as asked for", () => {
  const heap = new TimerHeap();
  const dues = Array.from({ length: 500 }, (_, n) => (n * 7919) % 1_000);
  dues.forEach((dueAtMs, number) => heap.set(timer(number, dueAtMs)));
  const taken: number[] = [];
  for (let due = heap.takeDue(799, 30); due.length > 0; due = heap.takeDue(799, 30)) {
    assert.ok(due.length <= 30);
    taken.push(...due.map(({ dueAtMs }) => dueAtMs));
  }
  assert.deepEqual(
    taken,
    dues.filter((due) => due <= 799).toSorted((a, b) => a - b),
  );
  assert.equal(heap.nextDueAtMs(), Math.min(...dues.filter((due) => due > 799)));
});

test("a cleared timer never comes, and one that is set twice comes once", () => {
  const heap = new TimerHeap();
  heap.set(timer(1, 10));
  heap.set(timer(1, 10));
  heap.set(timer(2, 20));
  heap.clear(timer(2, 20));
  assert.equal(heap.size, 1);
  assert.deepEqual(heap.takeDue(100, 10), [timer(1, 10)]);
  assert.equal(heap.nextDueAtMs(), null);
});

test("the timers of a lane that has gone are forgotten", () => {
  const heap = new TimerHeap();
  heap.set(timer(1, 10, 0));
  heap.set(timer(2, 5, 1));
  heap.set(timer(3, 20, 1));
  heap.dropLane(1);
  assert.deepEqual(heap.takeDue(100, 10), [timer(1, 10, 0)]);
});
