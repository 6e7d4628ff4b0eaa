import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createStyle } from "../style.ts";
import { sluice } from "../fixtures/terminal.ts";
import { callersArgument, chosen, kindsArgument } from "./act.ts";
import type { Verdict } from "./act.ts";
import { distributionOf } from "./distribution.ts";
import { resolveProofOptions } from "./options.ts";
import { toProofResult, verdictText } from "./proof-result.ts";
import { planFaults } from "./storm/faults/fault-plan.ts";
import { FAULT_KINDS } from "./storm/faults/kinds.ts";

const VERDICT: Verdict = {
  act: "storm",
  breaches: [],
  counts: { runs: 1_234 },
  faults: [{ kind: "engine killed", times: 2, recoveryMs: [10, 30] }],
  takeoverMs: [1_600],
  skipped: ["disk full: no room for one"],
  replay: null,
};
const CONTEXT = { seed: 7, engines: 3, tookMs: 61_000, isInterrupted: false, evidence: "/tmp/x" };
const PLAIN = createStyle(false);

function lastLineOf(verdict: Verdict, context = CONTEXT): string {
  return (
    verdictText(toProofResult([verdict], context), PLAIN)
      .trimEnd()
      .split("\n")
      .at(-1) ?? ""
  );
}

describe("the options of the proof", () => {
  it("are two minutes, two engines and a new seed when nothing is said", () => {
    const { seconds, engines, faults, effects, seed, acts } = resolveProofOptions({});
    assert.deepEqual([seconds, engines, faults, effects], [120, 2, null, null]);
    assert.deepEqual(
      acts.map(({ name }) => name),
      ["previous-schema", "crash-points", "connection-loss", "storm"],
    );
    assert.notEqual(seed, resolveProofOptions({}).seed);
  });

  it("let counts decide alone where no time is named", () => {
    assert.equal(resolveProofOptions({ faults: 500 }).seconds, Number.POSITIVE_INFINITY);
    assert.equal(resolveProofOptions({ effects: 9 }).seconds, Number.POSITIVE_INFINITY);
    assert.equal(resolveProofOptions({ faults: 500, seconds: 60 }).seconds, 60);
  });

  it("are refused where a number or an act is none", async () => {
    for (const args of [
      ["--seed", "-1"],
      ["--seconds", "0"],
      ["--faults", "many"],
      ["--engines", "9"],
      ["--acts", "storm,calm"],
    ]) {
      const { exitCode, stdout, stderr } = await sluice(["proof", ...args]);
      assert.deepEqual([exitCode, stdout], [2, ""], args.join(" "));
      assert.match(stderr, /^sluice: .+/);
    }
    assert.match(
      (await sluice(["proof", "--acts", "calm"])).stderr,
      /"calm", expected some of: previous-schema, .*, storm/,
    );
  });
});

describe("the kinds of faults of a proof", () => {
  const namesOf = (kinds: readonly string[], acts?: readonly string[]): readonly string[] =>
    resolveProofOptions({ kinds, ...(acts === undefined ? {} : { acts }) }).acts.map(({ name }) => name);

  it("choose the acts in which they come", () => {
    assert.deepEqual(namesOf(["disk full"]), ["storm"]);
    assert.deepEqual(namesOf(["engine killed", "engine killed at a call"]), ["crash-points", "storm"]);
  });

  it("are refused where none of the acts has them", async () => {
    const unknown = await sluice(["proof", "--kinds", "engine killed,earthquake"]);
    assert.deepEqual([unknown.exitCode, unknown.stdout], [2, ""]);
    assert.match(
      unknown.stderr,
      /--kinds names "earthquake", expected some of: .*engine killed.*, disk full/,
    );
    const elsewhere = await sluice(["proof", "--acts", "crash-points", "--kinds", "disk full"]);
    assert.match(elsewhere.stderr, /"disk full", expected some of: engine killed at a call/);
  });

  it("stand in what replays them", () => {
    assert.equal(kindsArgument({ kinds: null }), "");
    assert.equal(callersArgument({ callers: null }), "");
    assert.equal(callersArgument({ callers: 40 }), " --callers 40");
    assert.equal(kindsArgument({ kinds: new Set(["disk full"]) }), ' --kinds "disk full"');
    assert.deepEqual(
      chosen({ kinds: new Set(["disk full"]) }, FAULT_KINDS).map(({ name }) => name),
      ["disk full"],
    );
  });
});

describe("the verdict of the proof", () => {
  it("shows faults, counts, takeovers and what was skipped", () => {
    const text = verdictText(toProofResult([VERDICT], CONTEXT), PLAIN);
    assert.match(text, /^engine killed +2 +10 ms +30 ms +30 ms$/m);
    assert.match(text, /^runs +1,234$/m);
    assert.match(text, /^takeover of a lane +p50 1,600 ms/m);
    assert.match(text, /^skipped +disk full: no room for one$/m);
  });

  it("says in its last line whether every promise was kept", () => {
    assert.equal(lastLineOf(VERDICT), "PROVED  seed 7, 1m 1s: every promise was kept");
    assert.match(lastLineOf(VERDICT, { ...CONTEXT, isInterrupted: true }), /^INTERRUPTED  seed 7/);
  });

  it("does not say that anything is proved where nothing could be played", () => {
    const leftOut: Verdict = { ...VERDICT, counts: {}, faults: [], isLeftOut: true };
    assert.match(lastLineOf(leftOut), /^SKIPPED  seed 7, 1m 1s: nothing of it can be played here/);
    const both = toProofResult([leftOut, VERDICT], CONTEXT);
    assert.equal(both.isProved, true);
  });

  it("says how to see again what was broken, and where the evidence is", () => {
    const breaches = [{ promise: "I2", message: "command x took effect 2 times" }] as const;
    const broken = { ...VERDICT, breaches, replay: "--seed 9 --faults 3" };
    const text = verdictText(toProofResult([broken], CONTEXT), PLAIN);
    assert.match(text, /^I2 +storm: command x took effect 2 times$/m);
    const last = lastLineOf(broken);
    assert.match(last, /^BROKEN  seed 7, 1m 1s: a promise is broken; evidence: \/tmp\/x/);
    assert.match(last, /again: sluice proof --acts storm --engines 3 --seed 9 --faults 3$/);
  });

  it("takes quantiles by nearest rank", () => {
    assert.equal(distributionOf([]), null);
    const values = Array.from({ length: 200 }, (_, at) => 200 - at);
    assert.deepEqual(distributionOf(values), { count: 200, p50: 100, p90: 180, p99: 198, max: 200 });
  });
});

describe("the plan of faults", () => {
  const first = (seed: number, count: number) => planFaults(seed, FAULT_KINDS).take(count).toArray();
  const told = (seed: number) => first(seed, 30).map(({ kind, calmMs }) => `${kind.name} ${calmMs}`);

  it("is the same for the same seed, and another for another", () => {
    assert.deepEqual(told(5), told(5));
    assert.notDeepEqual(told(5), told(6));
  });

  it("has every kind once before any comes again", () => {
    const kinds = first(11, 3 * FAULT_KINDS.length).map(({ kind }) => kind.name);
    for (let at = 0; at < kinds.length; at += FAULT_KINDS.length)
      assert.equal(new Set(kinds.slice(at, at + FAULT_KINDS.length)).size, FAULT_KINDS.length);
  });
});
