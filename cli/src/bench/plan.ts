/** What is measured: one case a row. */
import { PARTICIPANT_KINDS } from "./participants/participant-kind.ts";
import type { ParticipantKind } from "./participants/participant-kind.ts";
import type { BenchFlow } from "./flow/bench-flow.ts";
import { DOORS } from "./subject/engine-config.ts";
import type { Door } from "./subject/engine-config.ts";

export interface BenchCase {
  readonly flow: BenchFlow;
  readonly participants: ParticipantKind;
  readonly door: Door;
  readonly inFlight: number;
  /** Open arrival at this rate; `null`: a closed loop. */
  readonly arrivalsPerSecond: number | null;
}

/** What somebody asked for; what is absent was left to us. */
export interface PlanWish {
  readonly steps?: readonly BenchFlow[];
  readonly participants?: readonly ParticipantKind[];
  readonly door?: readonly Door[];
  readonly inFlight?: readonly number[];
  readonly rate?: number;
  readonly all?: boolean;
}

const IN_FLIGHT_ALL = [1, 50, 1_000, 20_000];

/** The cases behind the goals, and one of every kind beside them: some two minutes. */
export const USUAL_CASES: readonly BenchCase[] = [
  ...closed("purchase", "transactional", "library", [1, 50, 1_000, 20_000]),
  ...closed("purchase", "http", "library", [1_000]),
  ...closed(1, "transactional", "library", [1_000]),
  ...closed(3, "transactional", "library", [1, 1_000]),
  ...closed(5, "transactional", "library", [1_000]),
  ...closed(3, "local", "library", [1, 1_000]),
  ...closed(3, "http", "library", [1_000]),
  ...closed(3, "transactional", "http", [50, 1_000]),
];

function closed(
  flow: BenchFlow,
  participants: ParticipantKind,
  door: Door,
  inFlight: readonly number[],
): BenchCase[] {
  return inFlight.map((each) => ({ flow, participants, door, inFlight: each, arrivalsPerSecond: null }));
}

/** Whether anything was asked for. */
export function isWish({ steps, participants, door, inFlight, rate, all }: PlanWish): boolean {
  return all === true || [steps, participants, door, inFlight, rate].some((wish) => wish !== undefined);
}

/**
 * Every combination of what was asked for. Of what was not: all there is with `--all`, else what is usual. The purchase gets its events through the
 * library only, so its other combinations are left out.
 */
export function planCases(wish: PlanWish): BenchCase[] {
  const isAll = wish.all === true;
  const flows = wish.steps ?? (isAll ? (["purchase", 1, 3, 5] as const) : [3]);
  const kinds = wish.participants ?? (isAll ? PARTICIPANT_KINDS : (["transactional"] as const));
  const doors = wish.door ?? (isAll ? DOORS : (["library"] as const));
  const inFlight =
    wish.inFlight ?? (isAll ? IN_FLIGHT_ALL : wish.rate === undefined ? [1, 50, 1_000] : [1_000]);
  return flows
    .flatMap((flow) =>
      kinds.flatMap((participants) => doors.flatMap((door) => closed(flow, participants, door, inFlight))),
    )
    .filter(({ flow, door }) => flow !== "purchase" || door === "library")
    .map((each) => ({ ...each, arrivalsPerSecond: wish.rate ?? null }));
}
