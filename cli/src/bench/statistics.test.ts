import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { latenciesOf, median, quantile } from "./statistics.ts";

describe("the statistics of a benchmark", () => {
  it("answer values that were measured, never one between two", () => {
    assert.equal(quantile([1, 2], 0.5), 1);
    assert.equal(quantile([1, 2, 3], 0.5), 2);
    assert.equal(median([3, 1, 2, 100]), 2);
  });

  it("take the hundredth of a hundred for the worst, and the ninety-ninth for p99", () => {
    const values = Array.from({ length: 100 }, (_, at) => 100 - at);
    assert.deepEqual(latenciesOf(values), { p50Ms: 50, p99Ms: 99, maxMs: 100 });
  });

  it("know nothing of nothing", () => {
    assert.deepEqual(latenciesOf([]), { p50Ms: Number.NaN, p99Ms: Number.NaN, maxMs: Number.NaN });
  });

  it("leave what they were given in its order", () => {
    const values = [3, 1, 2];
    latenciesOf(values);
    assert.deepEqual(values, [3, 1, 2]);
  });
});
