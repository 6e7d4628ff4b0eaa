import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { sluice } from "../fixtures/terminal.ts";
import { openJournal } from "./journal.ts";
import type { ProofSetting } from "./journal.ts";
import type { RoundResult } from "./rounds.ts";
import { sourceId } from "./source-id.ts";

const SETTING: ProofSetting = { source: "abc", engines: 2, callers: null, outageMs: 60_000, kinds: null };
const GIVEN = { seed: 7, isSeedGiven: true };
const DRAWN = { seed: 99, isSeedGiven: false };
const RESULT: RoundResult = {
  breaches: [],
  counts: { effects: 12 },
  faults: [{ kind: "engine killed", recoveryMs: 40 }],
  takeoverMs: [1_600],
  skipped: [],
};

async function emptyPlace(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-journal-"));
  t.after(() => rm(directory, { recursive: true }));
  return join(directory, "proof.jsonl");
}

test("a proof that goes on has its seed and its rounds from the journal", async (t) => {
  const file = await emptyPlace(t);
  const first = await openJournal(file, SETTING, GIVEN);
  assert.deepEqual([first.seed, first.roundsOf("storm").size], [7, 0]);
  await first.note("storm", 1, RESULT);
  await first.note("crash-points", 1, RESULT);
  const next = await openJournal(file, SETTING, DRAWN);
  assert.equal(next.seed, 7);
  assert.deepEqual([...next.roundsOf("storm")], [[1, RESULT]]);
  assert.deepEqual([...next.roundsOf("crash-points").keys()], [1]);
});

test("a line that a killed proof has left half written spoils neither what stands before nor what comes", async (t) => {
  const file = await emptyPlace(t);
  const first = await openJournal(file, SETTING, GIVEN);
  await first.note("storm", 1, RESULT);
  await appendFile(file, '{"act":"storm","nth":2,"resu');
  const second = await openJournal(file, SETTING, DRAWN);
  await second.note("storm", 2, RESULT);
  const third = await openJournal(file, SETTING, DRAWN);
  assert.deepEqual([...third.roundsOf("storm").keys()], [1, 2]);
});

test("a journal of another proof is refused, and says what differs", async (t) => {
  const file = await emptyPlace(t);
  await openJournal(file, SETTING, GIVEN);
  const refusals: [Partial<ProofSetting>, typeof GIVEN, RegExp][] = [
    [{ source: "def" }, DRAWN, /its source is "abc", found "def"/],
    [{ engines: 3 }, DRAWN, /its engines is 2, found 3/],
    [{ kinds: ["disk full"] }, DRAWN, /its kinds is null, found \["disk full"\]/],
    [{}, { seed: 8, isSeedGiven: true }, /its seed is 7, found 8; say the same/],
  ];
  for (const [other, seed, message] of refusals)
    await assert.rejects(openJournal(file, { ...SETTING, ...other }, seed), {
      code: "CLI_BAD_ARGUMENT",
      message,
    });
});

test("a file that is no journal is refused by its line, and left as it is", async (t) => {
  const file = await emptyPlace(t);
  const header = JSON.stringify({ ...SETTING, seed: 7 });
  for (const [text, line] of [
    ["a letter", 1],
    ["a letter\n", 1],
    [`${header}\n{"act":"storm"}\n`, 2],
    [`${header}\nnull\n`, 2],
  ] as const) {
    await writeFile(file, text);
    await assert.rejects(openJournal(file, SETTING, GIVEN), {
      code: "CLI_BAD_ARGUMENT",
      message: new RegExp(`line ${line} is none of a journal`),
    });
    assert.equal(await readFile(file, "utf8"), text);
  }
  const { exitCode, stderr } = await sluice(["proof", "--journal", file]);
  assert.equal(exitCode, 2);
  assert.match(stderr, /is none of a journal|is of another proof/);
});

test("one source has one id", async () => {
  const id = await sourceId();
  assert.match(id, /^[0-9a-f]{16}$/);
  assert.equal(await sourceId(), id);
});
