import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcast } from "./broadcast.ts";

/** A clock that is moved by hand. */
function handClock() {
  const due = new Set<() => void>();
  return {
    schedule(_delayMs: number, callback: () => void) {
      due.add(callback);
      return () => void due.delete(callback);
    },
    pass() {
      for (const callback of [...due]) {
        due.delete(callback);
        callback();
      }
    },
    get size() {
      return due.size;
    },
  };
}

test("who has waited long enough is kept no longer, however often that happens before the next word", async () => {
  const clock = handClock();
  const broadcast = new Broadcast(clock);
  for (let times = 0; times < 3; times++) {
    const waits = Array.from({ length: 100 }, () => broadcast.wait(50));
    assert.equal(broadcast.size, 100);
    clock.pass();
    await Promise.all(waits);
    assert.equal(broadcast.size, 0);
  }
});

test("all who wait are woken at once, and their timers with them", async () => {
  const clock = handClock();
  const broadcast = new Broadcast(clock);
  const waits = [broadcast.wait(50), broadcast.wait(60)];
  broadcast.notify();
  await Promise.all(waits);
  assert.deepEqual([broadcast.size, clock.size], [0, 0]);
});
