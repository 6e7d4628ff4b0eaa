import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findBreak } from "./find-break.ts";

const BOUNDS = { p99Ms: 1_000, errorsPercentMax: 1 };

/** 200 orders in 10 s, each of which ended after 50 ms. */
const GOOD = {
  arrivalsPerSecond: 20,
  beganAtMs: 0,
  arrivals: Array.from({ length: 200 }, (_, number) => ({
    orderId: `o${number}`,
    plannedAtMs: number * 50,
    answeredAtMs: number * 50 + 30,
  })),
  latenciesMs: Array.from({ length: 200 }, () => 50),
  samples: [
    { atMs: 0, backlog: 0, errors: 0 },
    { atMs: 5_000, backlog: 8, errors: 1 },
  ],
  isDrained: true,
};
const slow = GOOD.latenciesMs.map((ms, index) => (index >= 100 && index < 103 ? 1_500 : ms));
const queueAt = (atMs: number) => ({ atMs, backlog: 500, errors: 0 });

describe("a step of arrivals", () => {
  it("holds while all bounds do", () => {
    assert.equal(findBreak(GOOD, BOUNDS), null);
  });

  it("breaks when the third of 200 orders is over the bound, at the instant at which it was", () => {
    const { what, atMs } = findBreak({ ...GOOD, latenciesMs: slow }, BOUNDS) ?? {};
    assert.deepEqual([what, atMs], ["p99", 102 * 50 + 1_000]);
    const two = slow.map((ms, index) => (index === 102 ? 50 : ms));
    assert.equal(findBreak({ ...GOOD, latenciesMs: two }, BOUNDS), null);
  });

  it("breaks by errors, and by a queue that grows", () => {
    const errors = [...GOOD.samples, { atMs: 6_000, backlog: 3, errors: 3 }];
    assert.equal(findBreak({ ...GOOD, samples: errors }, BOUNDS)?.what, "errors");
    assert.equal(findBreak({ ...GOOD, samples: [queueAt(7_000)] }, BOUNDS)?.what, "queue");
    assert.equal(findBreak({ ...GOOD, isDrained: false }, BOUNDS)?.what, "queue");
  });

  it("names what gave way first", () => {
    const late = { ...GOOD, latenciesMs: slow, samples: [queueAt(8_000)] };
    assert.equal(findBreak(late, BOUNDS)?.what, "p99");
    assert.equal(findBreak({ ...late, samples: [queueAt(6_000)] }, BOUNDS)?.what, "queue");
  });
});
