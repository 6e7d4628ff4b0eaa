/**
 * The act "storm": random flows under random faults, on the real engine and a real Postgres, round by round. Each round is a world of its
 * own with a seed of its own, so that what is judged stays small however long the act goes on, and the round that fails replays alone.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Act, FaultCount, Stage, Verdict } from "../act.ts";
import { FAULT_KINDS } from "./faults/kinds.ts";
import { playRound } from "./round.ts";
import type { RoundResult } from "./round.ts";

/** A round ends when each kind of fault has come so often. */
const CYCLES_MAX = 3;
/** Of the time of an act this is kept for rest and judgement. */
const REST_MS = 25_000;
/** A round that has less time than this for its faults is not begun. */
const ROUND_MS_MIN = 20_000;
const SEEDS = 2 ** 31;

export const storm: Act = {
  name: "storm",
  summary:
    "random flows, with a counter for each effect, while engines and Postgres die, freeze and run out of disk",
  weight: 5,
  play: playStorm,
};

async function playStorm(stage: Stage): Promise<Verdict> {
  const results: RoundResult[] = [];
  let replay: string | null = null;
  for (let nth = 1; !isEnough(stage, results) && replay === null && !stage.stop.aborted; nth++) {
    const seed = (stage.seed + nth - 1) % SEEDS;
    const directory = join(stage.directory, `round-${nth}`);
    await mkdir(directory);
    const result = await playRound({
      ...stage,
      seed,
      directory,
      kinds: FAULT_KINDS,
      cyclesMax: Math.min(CYCLES_MAX, faultsLeft(stage, results)),
      faultsUntilMs: stage.budget.untilMs - REST_MS,
      progress: (what) => stage.progress(`round ${nth} (seed ${seed}): ${what}`),
    });
    results.push(result);
    if (result.breaches.length > 0) replay = `--seed ${seed} --faults ${CYCLES_MAX}`;
    else if (!stage.isKept) await rm(directory, { recursive: true, force: true });
  }
  return toVerdict(results, replay);
}

/** How often the kind that came least has still to come. */
function faultsLeft({ budget }: Stage, results: readonly RoundResult[]): number {
  const { faults } = budget;
  if (faults === null) return Number.POSITIVE_INFINITY;
  const times = countFaults(results).map((kind) => kind.times);
  return Math.max(1, faults - (times.length === 0 ? 0 : Math.min(...times)));
}

function isEnough({ budget }: Stage, results: readonly RoundResult[]): boolean {
  if (results.length === 0) return false;
  const { untilMs, faults, effects } = budget;
  if (untilMs - performance.now() < REST_MS + ROUND_MS_MIN) return true;
  if (faults === null && effects === null) return false;
  const kinds = countFaults(results);
  const done = results.reduce((sum, { counts }) => sum + (counts["effects"] ?? 0), 0);
  return kinds.every(({ times }) => times >= (faults ?? 0)) && done >= (effects ?? 0);
}

function toVerdict(results: readonly RoundResult[], replay: string | null): Verdict {
  const counts: Record<string, number> = { rounds: results.length };
  for (const result of results)
    for (const [name, count] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + count;
  return {
    act: storm.name,
    breaches: results.flatMap(({ breaches }) => breaches),
    counts,
    faults: countFaults(results),
    takeoverMs: results.flatMap(({ takeoverMs }) => takeoverMs),
    skipped: [...skippedIn(results)].map(([kind, why]) => `${kind}: ${why}`),
    replay,
  };
}

/** Of the kinds that could be had. */
function countFaults(results: readonly RoundResult[]): readonly FaultCount[] {
  const skipped = skippedIn(results);
  const kinds = FAULT_KINDS.filter(({ name }) => !skipped.has(name));
  const faults = results.flatMap((result) => result.faults);
  return kinds.map(({ name }) => {
    const struck = faults.filter(({ kind }) => kind === name);
    const recoveryMs = struck.flatMap((fault) => fault.recoveryMs ?? []);
    return { kind: name, times: struck.length, recoveryMs };
  });
}

/** Why a kind of fault cannot be had here, by its name. */
function skippedIn(results: readonly RoundResult[]): ReadonlyMap<string, string> {
  return new Map(results.flatMap(({ skipped }) => skipped.map(({ kind, why }) => [kind, why])));
}
