import { nameOf } from "./flow/bench-flow.ts";
import { whole } from "./numbers.ts";
import type { BenchCase } from "./plan.ts";

/** A case in words: `3 steps, local, library, 1,000 in flight`. */
export function caseText({ flow, participants, door, inFlight, arrivalsPerSecond }: BenchCase): string {
  const load =
    arrivalsPerSecond === null
      ? `${whole(inFlight)} in flight`
      : `${whole(arrivalsPerSecond)} runs/s, at most ${whole(inFlight)} in flight`;
  return `${nameOf(flow)}, ${participants}, ${door}, ${load}`;
}
