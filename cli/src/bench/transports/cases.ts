/** What `sluice bench transports` measures: the same three steps over each transport. */
import type { TransportKind } from "../participants/participant-kind.ts";
import type { BenchCase } from "../plan.ts";

const STEPS = 3;

/** A command and its answer for each step. */
export const MESSAGES_PER_RUN = 2 * STEPS;

/** A crowd first, by which a new broker gets warm, then one run alone. */
export const IN_FLIGHT_DEFAULT: readonly number[] = [1_000, 1];

/** The busy case: what is profiled when nothing else is said. */
export const IN_FLIGHT_PROFILED: readonly number[] = [1_000];

export function casesOf(transport: TransportKind, inFlight: readonly number[]): BenchCase[] {
  return inFlight.map((each) => ({
    flow: STEPS,
    participants: transport,
    door: "library",
    inFlight: each,
    arrivalsPerSecond: null,
  }));
}
