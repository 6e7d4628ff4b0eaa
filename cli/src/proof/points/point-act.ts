/** An act that strikes at every point there is, again and again until there is enough of it. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { chosen, kindsArgument } from "../act.ts";
import type { Act, Stage, Verdict } from "../act.ts";
import { playEnumeration } from "./enumeration.ts";
import type { EnumerationResult } from "./enumeration.ts";
import type { PointKind } from "./point-kinds.ts";

/** Of the time of an act this is kept for rest and judgement. */
const REST_MS = 5_000;
const SEEDS = 2 ** 31;

export function pointAct(act: Pick<Act, "name" | "summary" | "weight">, kinds: readonly PointKind[]): Act {
  return {
    ...act,
    kinds: kinds.map(({ name }) => name),
    play: (stage) => playAll(act.name, stage, chosen(stage, kinds)),
  };
}

async function playAll(name: string, stage: Stage, kinds: readonly PointKind[]): Promise<Verdict> {
  const results: EnumerationResult[] = [];
  let replay: string | null = null;
  for (let nth = 1; !isEnough(stage, results) && replay === null && !stage.stop.aborted; nth++) {
    const seed = (stage.seed + nth - 1) % SEEDS;
    const directory = join(stage.directory, `round-${nth}`);
    await mkdir(directory);
    const result = await playEnumeration({
      ...stage,
      seed,
      directory,
      kinds,
      untilMs: stage.budget.untilMs - REST_MS,
      progress: (what) => stage.progress(`round ${nth} (seed ${seed}): ${what}`),
    });
    results.push(result);
    if (result.breaches.length > 0) replay = `--seed ${seed} --faults 1${kindsArgument(stage)}`;
    else if (!stage.isKept) await rm(directory, { recursive: true, force: true });
  }
  return toVerdict(name, { kinds, results, replay });
}

/** All points once; where faults are counted, until each kind has struck so often. */
function isEnough({ budget }: Stage, results: readonly EnumerationResult[]): boolean {
  if (results.length === 0) return false;
  if (performance.now() > budget.untilMs - REST_MS || budget.faults === null) return true;
  return countStruck(results).every((times) => times >= (budget.faults ?? 0));
}

function countStruck(results: readonly EnumerationResult[]): readonly number[] {
  const names = [...(results[0]?.struck.keys() ?? [])];
  return names.map((name) => results.reduce((sum, { struck }) => sum + (struck.get(name) ?? 0), 0));
}

function toVerdict(
  act: string,
  parts: {
    readonly kinds: readonly PointKind[];
    readonly results: readonly EnumerationResult[];
    readonly replay: string | null;
  },
): Verdict {
  const { kinds, results, replay } = parts;
  const counts: Record<string, number> = { rounds: results.length };
  for (const result of results)
    for (const [name, count] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + count;
  const struck = countStruck(results);
  return {
    act,
    breaches: results.flatMap(({ breaches }) => breaches),
    counts,
    faults: kinds.map(({ name }, at) => ({ kind: name, times: struck[at] ?? 0, recoveryMs: [] })),
    takeoverMs: [],
    skipped: [],
    replay,
  };
}
