/** An act of random flows under random faults, round by round. */
import { callersArgument, chosen, kindsArgument } from "../act.ts";
import type { Stage, Verdict } from "../act.ts";
import { playRounds } from "../rounds.ts";
import type { FaultKind } from "./faults/fault.ts";
import { playRound } from "./round.ts";
import type { World, WorldOptions } from "./world.ts";

/** A round ends when each kind of fault has come so often. */
const CYCLES_MAX = 3;
/** Of the time of an act this is kept for rest and judgement. */
const REST_MS = 25_000;
/** And this has a round for its faults at least. */
const FAULTS_MS_MIN = 20_000;

/** What tells one act of storms from another. */
export interface Storms<Struckable extends World> {
  readonly name: string;
  readonly kinds: readonly FaultKind<Struckable>[];
  /** Makes the world of a round. */
  readonly open: (options: WorldOptions) => Promise<Struckable>;
  /** Further arguments with which a round is played again, each after a blank. @default none */
  readonly replay?: string;
}

export function playStorms<Struckable extends World>(
  stage: Stage,
  { name, kinds, open, replay = "" }: Storms<Struckable>,
): Promise<Verdict> {
  return playRounds(stage, {
    name,
    kinds,
    roundMsMin: REST_MS + FAULTS_MS_MIN,
    isOneEnough: false,
    play: ({ faultsLeft, ...part }) =>
      playRound({
        ...stage,
        ...part,
        open,
        kinds: chosen(stage, kinds),
        cyclesMax: Math.min(CYCLES_MAX, faultsLeft),
        faultsUntilMs: stage.budget.untilMs - REST_MS,
      }),
    replay: (seed) =>
      `--seed ${seed} --faults ${CYCLES_MAX}${kindsArgument(stage)}${callersArgument(stage)}${replay}`,
  });
}
