/**
 * An act round by round: random flows under random faults. Each round is a world of its own with a seed of its own, so that what is judged
 * stays small however long the act goes on, and the round that fails replays alone.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { chosen, kindsArgument } from "../act.ts";
import type { FaultCount, Stage, Verdict } from "../act.ts";
import type { FaultKind } from "./faults/fault.ts";
import { playRound } from "./round.ts";
import type { RoundResult } from "./round.ts";
import type { World, WorldOptions } from "./world.ts";

/** A round ends when each kind of fault has come so often. */
const CYCLES_MAX = 3;
/** Of the time of an act this is kept for rest and judgement. */
const REST_MS = 25_000;
/** A round that has less time than this for its faults is not begun. */
const ROUND_MS_MIN = 20_000;
const SEEDS = 2 ** 31;

/** What tells one act of rounds from another. */
export interface Rounds<Struckable extends World> {
  readonly name: string;
  readonly kinds: readonly FaultKind<Struckable>[];
  /** Makes the world of a round. */
  readonly open: (options: WorldOptions) => Promise<Struckable>;
  /** Further arguments with which a round is played again, each after a blank. @default none */
  readonly replay?: string;
}

export async function playRounds<Struckable extends World>(
  stage: Stage,
  rounds: Rounds<Struckable>,
): Promise<Verdict> {
  const results: RoundResult[] = [];
  let replay: string | null = null;
  for (let nth = 1; !isEnough(stage, rounds, results) && replay === null && !stage.stop.aborted; nth++) {
    const seed = (stage.seed + nth - 1) % SEEDS;
    const directory = join(stage.directory, `round-${nth}`);
    await mkdir(directory);
    const result = await playRound({
      ...stage,
      seed,
      directory,
      open: rounds.open,
      kinds: chosen(stage, rounds.kinds),
      cyclesMax: Math.min(CYCLES_MAX, faultsLeft(stage, rounds, results)),
      faultsUntilMs: stage.budget.untilMs - REST_MS,
      progress: (what) => stage.progress(`round ${nth} (seed ${seed}): ${what}`),
    });
    results.push(result);
    if (result.breaches.length > 0) {
      replay = `--seed ${seed} --faults ${CYCLES_MAX}${kindsArgument(stage)}${rounds.replay ?? ""}`;
    } else if (!stage.isKept) await rm(directory, { recursive: true, force: true });
  }
  return toVerdict(stage, rounds, { results, replay });
}

/** The act by its name, and the names of its kinds. */
interface Named {
  readonly name: string;
  readonly kinds: readonly { readonly name: string }[];
}

/** How often the kind that came least has still to come. */
function faultsLeft(stage: Stage, rounds: Named, results: readonly RoundResult[]): number {
  const { faults } = stage.budget;
  if (faults === null) return Number.POSITIVE_INFINITY;
  const times = countFaults(stage, rounds, results).map((kind) => kind.times);
  return Math.max(1, faults - (times.length === 0 ? 0 : Math.min(...times)));
}

function isEnough(stage: Stage, rounds: Named, results: readonly RoundResult[]): boolean {
  if (results.length === 0) return false;
  const { untilMs, faults, effects } = stage.budget;
  if (untilMs - performance.now() < REST_MS + ROUND_MS_MIN) return true;
  if (faults === null && effects === null) return false;
  const kinds = countFaults(stage, rounds, results);
  const done = results.reduce((sum, { counts }) => sum + (counts["effects"] ?? 0), 0);
  return kinds.every(({ times }) => times >= (faults ?? 0)) && done >= (effects ?? 0);
}

function toVerdict(
  stage: Stage,
  rounds: Named,
  { results, replay }: { readonly results: readonly RoundResult[]; readonly replay: string | null },
): Verdict {
  const counts: Record<string, number> = { rounds: results.length };
  for (const result of results)
    for (const [name, count] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + count;
  return {
    act: rounds.name,
    breaches: results.flatMap(({ breaches }) => breaches),
    counts,
    faults: countFaults(stage, rounds, results),
    takeoverMs: results.flatMap(({ takeoverMs }) => takeoverMs),
    skipped: [...skippedIn(results)].map(([kind, why]) => `${kind}: ${why}`),
    replay,
  };
}

/** Of the kinds that could be had. */
function countFaults(
  stage: Stage,
  { kinds: all }: Named,
  results: readonly RoundResult[],
): readonly FaultCount[] {
  const skipped = skippedIn(results);
  const kinds = chosen(stage, all).filter(({ name }) => !skipped.has(name));
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
