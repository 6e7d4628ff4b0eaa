import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createStyle } from "../style.ts";
import { compareResults, comparisonText } from "./compare.ts";
import { makeResult, makeRow } from "./fixtures/results.ts";

describe("two results", () => {
  it("are compared row by row, what is now divided by what was then", () => {
    const row = makeRow({ ceilingPerSecond: 16_000 });
    const then = makeResult({ rows: [row, { ...row, inFlight: 50, transitionsPerSecond: 4_000 }] });
    const now = makeResult({
      rows: [
        { ...row, inFlight: 50, transitionsPerSecond: 3_000, p99Ms: 250 },
        { ...row, transitionsPerSecond: 10_000 },
      ],
    });
    const { rows, onlyNow, onlyThen } = compareResults(then, now);
    assert.deepEqual(
      rows.map((row) => [row.row.inFlight, row.transitionsPerSecond, row.shareOfCeiling, row.p99Ms]),
      [
        [50, 0.75, 0.75, 0.5],
        [1_000, 2, 2, 1],
      ],
    );
    assert.deepEqual([onlyNow, onlyThen], [[], []]);
  });

  it("name the rows that only one of them has", () => {
    const then = makeResult({ rows: [makeRow({ flow: 3 }), makeRow()] });
    const now = makeResult({ rows: [makeRow(), makeRow({ storedRuns: 10_000 })] });
    const { rows, onlyNow, onlyThen } = compareResults(then, now);
    assert.equal(rows.length, 1);
    assert.deepEqual(onlyThen, ["sluice: 3 steps, transactional, library, 1,000 in flight"]);
    assert.deepEqual(onlyNow, ["sluice: purchase, transactional, library, 1,000 in flight, 10000 stored"]);
  });

  it("have no ratio where a figure is missing on either side", () => {
    const then = makeResult({ rows: [makeRow({ postgresCpuPer1000: null, ceilingPerSecond: null })] });
    const [row] = compareResults(then, makeResult()).rows;
    assert.equal(row?.postgresCpuPer1000, null);
    assert.equal(row?.shareOfCeiling, null);
    assert.equal(row?.walBytesPerTransition, 1);
  });

  it("are shown with the conditions of both", () => {
    const then = makeResult();
    const now = makeResult({ conditions: { ...then.conditions, othersCores: 1.4 } });
    const text = comparisonText(then, now, "before.json", createStyle(false));
    assert.match(text, /1\.00×/);
    assert.match(text, /^Then \(before\.json\): Conditions: 2 cores.*kept 0\.1 of the cores busy/m);
    assert.match(text, /^Now: Conditions: 2 cores.*kept 1\.4 of the cores busy/m);
  });
});
