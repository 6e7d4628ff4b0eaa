import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Latencies } from "./latencies.ts";

describe("latencies", () => {
  it("give percentiles that are at most 2 % off", () => {
    const latencies = new Latencies();
    for (let ms = 1; ms <= 1000; ms++) latencies.add(ms);
    assert.equal(latencies.count, 1000);
    assert.equal(latencies.longestMs, 1000);
    for (const [share, exactMs] of [
      [0.5, 500],
      [0.9, 900],
      [0.99, 990],
    ] as const)
      assert.ok(Math.abs(latencies.percentileMs(share) / exactMs - 1) <= 0.02, `p${share * 100}`);
  });

  it("are zero before the first call", () => {
    assert.equal(new Latencies().percentileMs(0.99), 0);
  });
});
