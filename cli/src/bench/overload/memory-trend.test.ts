import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { trendOf, watchMemory } from "./memory-trend.ts";

const MINUTE_MS = 60_000;

describe("the trend of memory", () => {
  it("is what a line through the samples rises by in a minute", () => {
    const samples = Array.from({ length: 11 }, (_, at) => ({
      atMs: 5_000 + at * MINUTE_MS,
      bytes: 300e6 + at * 2e6,
    }));
    const trend = trendOf(samples);
    assert.ok(Math.abs((trend?.bytesPerMinute ?? 0) - 2e6) < 1);
    assert.deepEqual([trend?.minutes, trend?.fromBytes, trend?.toBytes], [10, 300e6, 320e6]);
    assert.equal(trend?.minuteBytes.length, 11);
  });

  it("is not taken in by the teeth of a collector's saw, wherever the first and the last sample lie on them", () => {
    const samples = Array.from({ length: 1_807 }, (_, at) => ({
      atMs: at * 1_000,
      bytes: 300e6 + (at % 13) * 10e6,
    }));
    const trend = trendOf(samples);
    assert.ok((trend?.toBytes ?? 0) - (trend?.fromBytes ?? 0) > 50e6);
    assert.ok(Math.abs(trend?.bytesPerMinute ?? Number.NaN) < 0.1e6, String(trend?.bytesPerMinute));
    assert.equal(trend?.peakBytes, 420e6);
  });

  it("is unknown of nothing, and of one sample", () => {
    assert.equal(trendOf([]), null);
    assert.equal(trendOf([{ atMs: 1, bytes: 1 }]), null);
  });

  it("is empty of a process that is gone", () => {
    assert.deepEqual(watchMemory(2 ** 30)(), []);
  });
});
