import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openParts } from "../fixtures/open-parts.ts";
import { toOverloadResult } from "./bench-overload.ts";
import { measureOverload } from "./measure-overload.ts";
import type { OverloadPlan } from "./measure-overload.ts";
import { measureStalled } from "./measure-stalled.ts";
import { parseResult } from "../result-file.ts";
import { OVERLOAD_FORM } from "./result.ts";

/** Long enough to show that everything works, and no figure to believe. */
const PLAN: OverloadPlan = {
  connectionsMax: 20,
  warmUpSeconds: 0.5,
  settleSeconds: 0.1,
  searchSeconds: 0.3,
  seconds: 1,
  longSeconds: null,
};

const QUICKLY = { seconds: 0.2 };

describe("sluice bench overload on Postgres", () => {
  it("finds a capacity, asks for more of it, and the audit finds every run right", async (t) => {
    const parts = await openParts(t, QUICKLY);
    const found = await measureOverload(parts, PLAN);
    assert.deepEqual([found.skipped, found.findings], [[], []]);
    assert.ok((found.capacityPerSecond ?? 0) > 0 && found.auditedRuns > 0, JSON.stringify(found));
    assert.deepEqual(
      found.rows.map(({ timesCapacity }) => timesCapacity),
      [1, 2, 3],
    );
    for (const { ended, callers, engineCores, p99Ms } of found.rows) {
      const told = JSON.stringify({ ended, callers, engineCores, p99Ms });
      assert.ok(ended.done > 0 && p99Ms > 0 && engineCores > 0 && callers.cores > 0, told);
      assert.equal(ended["refused-bare"] + ended.failed, 0, told);
    }
    const stalled = { stalled: [], auditedRuns: 0, findings: [] };
    const result = toOverloadResult(parts, found, stalled);
    const read = parseResult(JSON.stringify(result), "before.json", OVERLOAD_FORM);
    assert.equal(read.capacityPerSecond, result.capacityPerSecond);
    assert.ok(
      result.goals.some(({ isMet }) => isMet !== null) && result.goals.some(({ isMet }) => isMet === null),
    );
  });

  it("measures a flow in turns beside a participant that stalls, and leaves no run behind", async (t) => {
    const parts = await openParts(t, QUICKLY);
    const { stalled, findings, auditedRuns } = await measureStalled({ ...parts, stalledRuns: 300 });
    assert.deepEqual(findings, []);
    assert.ok(auditedRuns > 0);
    assert.deepEqual(
      stalled.map(({ isStalled }) => isStalled),
      [false, true, false, true, false, true],
    );
    for (const row of stalled) {
      assert.ok(row.runsPerSecond > 0 && row.p99Ms > 0, JSON.stringify(row));
      assert.equal(row.commandsUnderWay > 0, row.isStalled, JSON.stringify(row));
    }
    const [left] = await parts.database.sql<{ runs: number }[]>`
      select count(*)::int as runs from sluice.runs where flow = 'bench-stalled' and outcome is null`;
    assert.equal(left?.runs, 0);
  });

  it("ends in good order when it is told to", async (t) => {
    const abort = new AbortController();
    const parts = await openParts(t, { ...QUICKLY, signal: abort.signal });
    const told: string[] = [];
    const found = await measureOverload(
      {
        ...parts,
        progress: (what) => {
          told.push(what);
          if (told.length === 2) abort.abort();
        },
      },
      PLAN,
    );
    assert.deepEqual([found.capacityPerSecond, found.rows, found.auditedRuns], [null, [], 0]);
  });
});
