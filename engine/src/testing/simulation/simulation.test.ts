/**
 * The engine in a simulated world. `SLUICE_SIM_SEEDS=n` plays n seeds (default 1000); `SLUICE_SIM_SEED=n` plays one, and tells each step.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { Coverage } from "./coverage.ts";
import type { CoverageKind } from "./coverage.ts";
import { formatResult } from "./format-result.ts";
import { PLANTED_FAULTS } from "./planted-faults.ts";
import { withoutFaults } from "./profile.ts";
import { Scheduler } from "./scheduler.ts";
import { simulate } from "./simulate.ts";
import { Trace } from "./trace.ts";

const SEEDS_DEFAULT = 1_000;
/** Below this number of seeds a kind of fault may well be missing by chance. */
const SEEDS_COVERED_MIN = 300;
/** Seeds within which a planted fault must be found; the rarest shows in one of ten. */
const SEEDS_TO_FIND_MAX = 60;

/** A world of two engines and some runs, in which a crash at each call can be tried in a few seconds, and what must happen there. */
const CRASH_SEED = 147;
const CRASH_COVERED: readonly CoverageKind[] = [
  "step undone",
  "compensated and ended",
  "joined all",
  "joined any",
  "losers taken back",
  "child started",
  "child left and canceled",
  "end of a child taken",
  "canceled with compensation",
  "redriven",
];

const only = process.env["SLUICE_SIM_SEED"] || null;
const seeds = Number(process.env["SLUICE_SIM_SEEDS"] || SEEDS_DEFAULT);

function withoutStacks(t: TestContext): void {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  t.after(() => (Error.stackTraceLimit = before));
}

describe("simulation", () => {
  it("keeps every invariant in every seed", { skip: only !== null }, async (t) => {
    const coverage = new Coverage();
    let steps = 0;
    // Refusals are part of the play, and each would pay for a stack that nobody reads; playing one seed shows it.
    withoutStacks(t);
    for (let seed = 1; seed <= seeds; seed++) {
      const result = await simulate(seed);
      assert.equal(result.violations.length, 0, formatResult(result));
      coverage.add(result.coverage);
      steps += result.steps;
    }
    t.diagnostic(`${seeds} seeds, ${steps} steps; what happened in them: ${coverage.summary()}`);
    if (seeds >= SEEDS_COVERED_MIN)
      assert.deepEqual(coverage.missing(), [], "the simulation has gone blind on these");
  });

  it("plays one seed step by step", { skip: only === null && "set SLUICE_SIM_SEED" }, async () => {
    const result = await simulate(Number(only), { listen: (line) => process.stdout.write(`${line}\n`) });
    assert.equal(result.violations.length, 0, formatResult(result));
  });

  for (const side of ["before", "after"] as const)
    it(`recovers from a crash ${side} each call of each port`, async (t) => {
      const { calls, coverage } = await simulate(CRASH_SEED, { adapt: withoutFaults });
      const missing = CRASH_COVERED.filter((kind) => coverage.of(kind) === 0);
      assert.deepEqual(missing, [], "this seed has another story by now; choose one in which these happen");
      for (let call = 1; call <= calls; call++) {
        const result = await simulate(CRASH_SEED, { adapt: withoutFaults, crash: { call, side } });
        assert.equal(result.violations.length, 0, `crash ${side} call ${call}: ${formatResult(result)}`);
      }
      t.diagnostic(`${calls} crashes`);
    });

  it("tells the same story twice for the same seed, and another one for another seed", async () => {
    const [first, again, other] = [await simulate(7), await simulate(7), await simulate(8)];
    assert.equal(first.traceHash, again.traceHash);
    assert.deepEqual(first.trace, again.trace);
    assert.notEqual(first.traceHash, other.traceHash);
  });

  it("ends a step that spins without waiting", async () => {
    const scheduler = new Scheduler(new Trace(null));
    scheduler.schedule(1, "spins", () => {
      while (scheduler.readMs() < 2);
    });
    await assert.rejects(
      scheduler.play(() => false),
      /spins without waiting/,
    );
  });

  for (const { name, breaks, ...planted } of PLANTED_FAULTS) {
    it(`finds ${name}`, async (t) => {
      for (let seed = 1; seed <= SEEDS_TO_FIND_MAX; seed++) {
        const { violations } = await simulate(seed, planted);
        const found = violations.find(({ promise }) => breaks.includes(promise));
        if (found === undefined) continue;
        t.diagnostic(`by seed ${seed}: ${found.promise}: ${found.message}`);
        return;
      }
      assert.fail(`none of ${SEEDS_TO_FIND_MAX} seeds found ${name}`);
    });
  }
});
