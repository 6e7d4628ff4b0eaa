import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createTerminal } from "../fixtures/terminal.ts";
import { makeResult, makeRow } from "./fixtures/results.ts";
import { judgeGoals } from "./goals.ts";
import { reportText } from "./report.ts";
import type { BenchResult } from "./result.ts";

function text(result: Partial<BenchResult>): string {
  return reportText(createTerminal().cli, makeResult(result));
}

describe("the report of a benchmark", () => {
  it("prints each figure with the ceiling it is a share of, and what was not measured as a dash", () => {
    const rows = [makeRow({ postgresCpuPer1000: null, othersCores: null })];
    const printed = text({ rows });
    assert.match(
      printed,
      /^purchase {2}transactional {2}library {6}1,000 +1,000 +5,000 +25 % +400 +500 +0\.1 +– +250 MB +1,200 +–$/m,
    );
    assert.match(
      printed,
      /purchase, transactional: 20,000 transitions\/s; 10,000 with rows for each transition/,
    );
  });

  it("judges the goals that were measured, and no others", () => {
    const rows = [makeRow({ transitionsPerSecond: 12_000 })];
    const printed = text({ rows, goals: judgeGoals(rows) });
    assert.match(printed, /at least 10,000 transitions\/s +met +12,000 at 1,000 in flight/);
    assert.doesNotMatch(printed, /20,000 runs in flight/);
  });

  it("shows the columns of a peer, of stored runs and of a schedule where there are any", () => {
    assert.doesNotMatch(text({}), /STORED|PLANNED|^OF /m);
    const rows = [makeRow({ storedRuns: 5 }), makeRow({ subject: "dbos", arrivalsPerSecond: 70 })];
    assert.match(text({ rows }), /^OF +STORED .*PLANNED\/S/m);
  });

  it("says under which conditions, what was left out, and that nothing was audited", () => {
    const printed = text({ auditedRuns: 0, skipped: [{ case: "3 steps", reason: "no room" }] });
    assert.match(printed, /^Conditions: 2 cores \(a processor\).*fsync on \(0\.4 ms a page\)/m);
    assert.match(printed, /^Not measured: 3 steps: no room\.$/m);
    assert.match(printed, /^Nothing was audited\.$/m);
  });

  it("warns of a database that is on no disk", () => {
    const { conditions } = makeResult();
    assert.match(text({ conditions: { ...conditions, isInMemory: true } }), /IN MEMORY: no disk/);
  });

  it("tells what an audit found before anybody believes the figures", () => {
    assert.match(text({ findings: ["I1 run-1 a gap"] }), /The audit found:\nI1 run-1 a gap\n/);
  });
});
