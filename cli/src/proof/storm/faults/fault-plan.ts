/** Which fault comes when: every kind once before any comes again, in an order and with pauses that the seed decides. */
import { Random } from "@sluice/engine/random-flows";
import { shuffled } from "../../shuffled.ts";
import type { World } from "../world.ts";
import type { FaultKind } from "./fault.ts";

export interface PlannedFault<Struckable extends World> {
  readonly kind: FaultKind<Struckable>;
  /** How long nothing goes wrong before it. */
  readonly calmMs: number;
  /** The next one comes before the world has recovered from it. */
  readonly isHasty: boolean;
  /** Decides the rest: who is hit, and for how long. */
  readonly random: Random;
}

const CALM_MS_MIN = 100;
const CALM_MS_MAX = 2_500;
const HASTY_RATE = 0.15;

/** Without end. */
export function* planFaults<Struckable extends World>(
  seed: number,
  kinds: readonly FaultKind<Struckable>[],
): Generator<PlannedFault<Struckable>, never> {
  const random = new Random(seed).fork("faults");
  for (let nth = 1; ;) {
    for (const kind of shuffled(kinds, random)) {
      yield {
        kind,
        calmMs: random.between(CALM_MS_MIN, CALM_MS_MAX),
        isHasty: random.chance(HASTY_RATE),
        random: random.fork(`fault ${nth++}`),
      };
    }
  }
}
