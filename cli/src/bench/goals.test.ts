import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeRow } from "./fixtures/results.ts";
import { judgeGoals } from "./goals.ts";
import type { Goal } from "./goals.ts";
import type { BenchRow } from "./result.ts";

function goal(rows: readonly BenchRow[], name: RegExp): Goal {
  const found = judgeGoals(rows).find((each) => name.test(each.goal));
  assert.ok(found, String(name));
  return found;
}

describe("the goals", () => {
  it("are neither met nor missed by what was not measured", () => {
    for (const each of judgeGoals([])) assert.deepEqual([each.isMet, each.found], [null, null], each.goal);
    const others = [
      makeRow({ flow: 3, inFlight: 50 }),
      makeRow({ participants: "http", transitionsPerSecond: 99_000 }),
    ];
    assert.equal(goal(others, /^purchase/).isMet, null);
  });

  it("take the purchase where it is fastest, and tell both figures", () => {
    const rows = [makeRow({ inFlight: 50 }), makeRow({ transitionsPerSecond: 12_000 })];
    assert.deepEqual(goal(rows, /^purchase/), {
      goal: "purchase, transactional: at least 10,000 transitions/s",
      found: "12,000 at 1,000 in flight",
      isMet: true,
    });
    assert.equal(goal([makeRow()], /^purchase/).isMet, false);
  });

  it("judge the share of the ceiling by the rows that are really written", () => {
    const share = goal([makeRow({ transitionsPerSecond: 6_000 })], /^the same/);
    assert.equal(share.isMet, false);
    assert.equal(share.found, "30 % of 20,000; 60 % of 10,000, with rows for each transition");
    assert.equal(goal([makeRow({ transitionsPerSecond: 10_000 })], /^the same/).isMet, true);
    assert.equal(goal([makeRow({ ceilingPerSecond: null })], /^the same/).isMet, null);
  });

  it("ask for less than 5 ms at idle, and for less than 300 MB at 20,000 runs in flight in every case", () => {
    const idle = makeRow({ flow: 3, participants: "local", inFlight: 1, p50Ms: 4.9 });
    assert.equal(goal([idle], /p50 below 5 ms/).isMet, true);
    assert.equal(goal([{ ...idle, p50Ms: 5 }], /p50 below 5 ms/).isMet, false);
    const crowd = makeRow({ inFlight: 20_000, peakBytes: 299e6 });
    assert.equal(goal([crowd], /300 MB/).isMet, true);
    const hungry = makeRow({ flow: 3, inFlight: 20_000, peakBytes: 301e6 });
    const memory = goal([crowd, hungry], /300 MB/);
    assert.deepEqual([memory.isMet, memory.found], [false, "301 MB at its peak (3 steps, transactional)"]);
  });

  it("compare the most stored runs with the fewest, in the case that suffers most", () => {
    const sizes = [1_000_000, 10_000, 10_000_000];
    const rows = [
      ...sizes.map((storedRuns) => makeRow({ storedRuns, transitionsPerSecond: 10_000 })),
      ...sizes.map((storedRuns) =>
        makeRow({ storedRuns, inFlight: 1, transitionsPerSecond: storedRuns === 10_000_000 ? 890 : 1_000 }),
      ),
    ];
    const growth = goal(rows, /stored/);
    assert.equal(growth.isMet, false);
    assert.equal(growth.found, "89 % (10,000,000 against 10,000; purchase, 1 in flight)");
    assert.equal(
      goal(
        rows.filter(({ inFlight }) => inFlight === 1_000),
        /stored/,
      ).isMet,
      true,
    );
    assert.equal(goal([makeRow({ storedRuns: 10_000 })], /stored/).isMet, null);
  });

  it("hold the engine against a peer at full speed and at equal load", () => {
    const at = (subject: string, row: Partial<BenchRow>): BenchRow => makeRow({ subject, flow: 3, ...row });
    const rows = [
      at("sluice", { inFlight: 50, runsPerSecond: 900 }),
      at("dbos", { inFlight: 50, runsPerSecond: 300 }),
      at("sluice", { runsPerSecond: 2_900 }),
      at("dbos", { runsPerSecond: 290 }),
      at("sluice", { arrivalsPerSecond: 210, p99Ms: 9 }),
      at("dbos", { arrivalsPerSecond: 210, p99Ms: 40 }),
    ];
    const faster = goal(rows, /10 times the flows/);
    assert.deepEqual([faster.isMet, faster.found], [false, "9.7 times (2,900 against 300)"]);
    assert.equal(goal(rows, /lower p99/).isMet, true);
    const slower = rows.with(4, at("sluice", { arrivalsPerSecond: 210, p99Ms: 41 }));
    assert.equal(goal(slower, /lower p99/).isMet, false);
  });
});
