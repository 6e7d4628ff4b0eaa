/** Capacity: the most runs a second that are done, whatever is asked for. */
import { goodputOf } from "./offered.ts";
import type { Offered } from "./offered.ts";

export interface CapacitySearch {
  readonly firstPerSecond: number;
  /** What each rate is of the one before. */
  readonly factor: number;
  /** A rate that gets less than this much more done than the best before it has found nothing new. */
  readonly growthMin: number;
  /** Rates in a row that find nothing new, so that one unlucky figure ends no search. */
  readonly flatStepsMax: number;
}

export const USUAL_SEARCH: CapacitySearch = {
  firstPerSecond: 300,
  factor: 1.5,
  growthMin: 0.05,
  flatStepsMax: 2,
};

/** A machine that gets more done at each of these has no capacity that we could find. */
const STEPS_MAX = 30;

export interface FoundCapacity {
  readonly capacityPerSecond: number;
  readonly steps: readonly Offered[];
}

/** Offers more and more until that gets no more done. `offer` measures one rate. */
export async function findCapacity(
  offer: (arrivalsPerSecond: number) => Promise<Offered>,
  { firstPerSecond, factor, growthMin, flatStepsMax }: CapacitySearch,
  signal: AbortSignal,
): Promise<FoundCapacity> {
  const steps: Offered[] = [];
  let best = 0;
  let flat = 0;
  for (let rate = firstPerSecond; flat < flatStepsMax && steps.length < STEPS_MAX; rate *= factor) {
    const offered = await offer(Math.round(rate));
    if (signal.aborted) break;
    steps.push(offered);
    const goodput = goodputOf(offered);
    flat = goodput > best * (1 + growthMin) ? 0 : flat + 1;
    best = Math.max(best, goodput);
  }
  return { capacityPerSecond: best, steps };
}
