import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { Stage } from "./act.ts";
import { noJournal } from "./journal.ts";
import { playRounds } from "./rounds.ts";
import type { RoundPart, RoundResult, Rounds } from "./rounds.ts";

const KILLED = { kind: "engine killed", recoveryMs: 40 };
const KEPT: RoundResult = {
  breaches: [],
  counts: { effects: 10 },
  faults: [KILLED],
  takeoverMs: [],
  skipped: [],
};
const BROKEN: RoundResult = { ...KEPT, breaches: [{ promise: "I2", message: "twice" }] };

async function stageOf(t: TestContext, given: Partial<Stage>): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-rounds-"));
  t.after(() => rm(directory, { recursive: true }));
  return {
    seed: 100,
    engines: 2,
    callers: null,
    budget: { untilMs: Number.POSITIVE_INFINITY, faults: 3, effects: null },
    atOnce: 1,
    journal: noJournal(100),
    kinds: null,
    outageMs: 0,
    directory,
    env: {},
    isKept: false,
    stop: new AbortController().signal,
    progress: () => {},
    ...given,
  };
}

function roundsOf(play: (part: RoundPart) => Promise<RoundResult>): Rounds {
  return {
    name: "storm",
    kinds: [{ name: KILLED.kind }],
    roundMsMin: 1_000,
    isOneEnough: false,
    play,
    replay: (seed) => `--seed ${seed}`,
  };
}

test("rounds are played with a seed each until every kind of fault has come so often", async (t) => {
  const stage = await stageOf(t, {});
  const seen: [number, number][] = [];
  const verdict = await playRounds(
    stage,
    roundsOf(({ seed, faultsLeft }) => {
      seen.push([seed, faultsLeft]);
      return Promise.resolve(KEPT);
    }),
  );
  assert.deepEqual(seen, [
    [100, 3],
    [101, 2],
    [102, 1],
  ]);
  assert.deepEqual(verdict.counts, { rounds: 3, effects: 30 });
  assert.deepEqual(verdict.faults, [{ kind: KILLED.kind, times: 3, recoveryMs: [40, 40, 40] }]);
  assert.deepEqual(await readdir(stage.directory), [], "a round that kept every promise leaves nothing");
});

test("as many rounds are played at the same time as were asked for, and never more", async (t) => {
  const stage = await stageOf(t, { atOnce: 3, budget: { untilMs: Infinity, faults: 9, effects: null } });
  const open: (() => void)[] = [];
  let most = 0;
  let played = 0;
  const verdict = await playRounds(
    stage,
    roundsOf(async () => {
      const ending = new Promise<void>((resolve) => open.push(resolve));
      most = Math.max(most, open.length);
      if (open.length === stage.atOnce) for (const end of open.splice(0)) end();
      await ending;
      played++;
      return KEPT;
    }),
  );
  assert.deepEqual([most, played, verdict.counts["rounds"]], [3, 9, 9]);
});

test("a proof that goes on plays what is not noted, and counts all of it", async (t) => {
  const noted: number[] = [];
  const journal = {
    ...noJournal(100),
    roundsOf: () => new Map([[1, KEPT] as const, [3, KEPT] as const]),
    note: (_: string, nth: number) => Promise.resolve(void noted.push(nth)),
  };
  const verdict = await playRounds(
    await stageOf(t, { journal }),
    roundsOf(() => Promise.resolve(KEPT)),
  );
  assert.deepEqual(noted, [2]);
  assert.deepEqual(verdict.counts, { rounds: 3, "of them noted before": 2, effects: 30 });
});

test("a promise that was broken stays broken in the journal", async (t) => {
  const noted = new Map<number, RoundResult>();
  const journal = {
    ...noJournal(100),
    roundsOf: () => noted,
    note: (_: string, nth: number, result: RoundResult) => Promise.resolve(void noted.set(nth, result)),
  };
  const broken = await playRounds(
    await stageOf(t, { journal }),
    roundsOf(() => Promise.resolve(BROKEN)),
  );
  assert.equal(broken.replay, "--seed 100");
  const again = await playRounds(
    await stageOf(t, { journal }),
    roundsOf(() => assert.fail("nothing more is played")),
  );
  assert.deepEqual([again.replay, again.breaches], ["--seed 100", BROKEN.breaches]);
});

test("a round that is interrupted is not noted", async (t) => {
  const interruption = new AbortController();
  const journal = { ...noJournal(100), note: () => assert.fail("it was not judged") };
  const verdict = await playRounds(
    await stageOf(t, { journal, stop: interruption.signal }),
    roundsOf(() => {
      interruption.abort();
      return Promise.resolve(KEPT);
    }),
  );
  assert.equal(verdict.counts["rounds"], 1);
});
