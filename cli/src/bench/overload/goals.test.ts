import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeOffered, makeOverloadResult, makeOverloadRow } from "../fixtures/overload.ts";
import { compareOverload } from "./compare.ts";
import { judgeOverload } from "./goals.ts";
import type { MemoryTrend } from "./memory-trend.ts";
import { bottleneckOf } from "./offered.ts";
import type { OverloadResult, StalledRow } from "./result.ts";

function judge(result: Partial<OverloadResult>): (boolean | null)[] {
  return judgeOverload(makeOverloadResult(result)).map(({ isMet }) => isMet);
}

function trend(bytesPerMinute: number, minutes: number): MemoryTrend {
  return { minutes, bytesPerMinute, fromBytes: 3e8, toBytes: 3e8, peakBytes: 3e8, minuteBytes: [] };
}

function turn(isStalled: boolean, runsPerSecond: number, p99Ms: number): StalledRow {
  return { isStalled, runsPerSecond, p50Ms: 1, p99Ms, runsWaiting: 0, commandsUnderWay: 0 };
}

describe("the goals under overload", () => {
  it("ask for nine tenths of capacity at three times of it, from callers who were fast enough", () => {
    const done = (count: number, callers = {}) => {
      const offered = makeOffered({ done: count });
      return judge({
        rows: [makeOverloadRow({ ...offered, callers: { ...offered.callers, ...callers } })],
      })[0];
    };
    assert.deepEqual([done(9_000), done(8_990)], [true, false]);
    assert.equal(done(10_000, { loopShare: 0.95 }), false);
    assert.equal(done(10_000, { heldBack: 1 }), false);
    assert.equal(judge({ rows: [makeOverloadRow({ timesCapacity: 2 })] })[0], null);
  });

  it("ask for a time to come back in every refusal, and for nothing else that is no answer", () => {
    const ended = (more: object) =>
      judge({ rows: [makeOverloadRow(makeOffered({ ended: { refused: 5, ...more } }))] })[1];
    assert.deepEqual([ended({}), ended({ "refused-bare": 1 }), ended({ failed: 1 })], [true, false, false]);
  });

  it("judge memory only after minutes, by the steepest of them", () => {
    const memory = (...trends: (MemoryTrend | null)[]) =>
      judge({ rows: trends.map((each) => makeOverloadRow({ memory: each })) })[2];
    assert.equal(memory(trend(50e6, 0.2), null), null);
    assert.equal(memory(trend(0.9e6, 30), trend(-2e6, 30)), true);
    assert.equal(memory(trend(0, 30), trend(1.1e6, 30)), false);
  });

  it("take the medians of the turns beside a stalled participant", () => {
    const turns = [turn(false, 1_000, 80), turn(true, 950, 90), turn(false, 100, 800), turn(true, 950, 90)];
    assert.deepEqual(judge({ stalled: [...turns, turn(false, 1_000, 80)] }).slice(3), [true, true]);
    assert.deepEqual(judge({ stalled: [turn(false, 1_000, 80), turn(true, 890, 101)] }).slice(3), [
      false,
      false,
    ]);
    assert.deepEqual(judge({ stalled: [] }).slice(3), [null, null]);
  });
});

describe("two results under overload", () => {
  it("are compared load by load, each share with the capacity of its own result", () => {
    const then = makeOverloadResult();
    const now = makeOverloadResult({
      capacityPerSecond: 2_000,
      rows: [makeOverloadRow(makeOffered({ done: 15_000 })), makeOverloadRow({ timesCapacity: 2 })],
    });
    const { capacity, rows } = compareOverload(then, now);
    assert.equal(capacity, 2);
    assert.deepEqual(
      rows.map(({ timesCapacity, goodput, share }) => [timesCapacity, goodput, share]),
      [[3, 1.5, 0.75]],
    );
    assert.equal(compareOverload(makeOverloadResult({ capacityPerSecond: null }), now).capacity, null);
  });
});

describe("callers", () => {
  it("are a bottleneck when they have no room left, or no connection", () => {
    const { callers } = makeOffered();
    assert.equal(bottleneckOf(callers), null);
    assert.match(bottleneckOf({ ...callers, loopShare: 0.97 }) ?? "", /busy 97 %/);
    assert.match(bottleneckOf({ ...callers, heldBack: 3 }) ?? "", /3 requests waited/);
  });
});
