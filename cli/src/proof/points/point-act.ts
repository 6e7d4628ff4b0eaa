/** An act that strikes at every point there is, again and again until there is enough of it. */
import { chosen, kindsArgument } from "../act.ts";
import type { Act } from "../act.ts";
import { playRounds } from "../rounds.ts";
import { playEnumeration } from "./enumeration.ts";
import type { PointKind } from "./point-kinds.ts";

/** Of the time of an act this is kept for rest and judgement. */
const REST_MS = 5_000;

export function pointAct(act: Pick<Act, "name" | "summary" | "weight">, kinds: readonly PointKind[]): Act {
  return {
    ...act,
    kinds: kinds.map(({ name }) => name),
    play: (stage) =>
      playRounds(stage, {
        name: act.name,
        kinds,
        roundMsMin: REST_MS,
        isOneEnough: true,
        play: (part) =>
          playEnumeration({
            ...stage,
            ...part,
            kinds: chosen(stage, kinds),
            untilMs: stage.budget.untilMs - REST_MS,
          }),
        replay: (seed) => `--seed ${seed} --faults 1${kindsArgument(stage)}`,
      }),
  };
}
