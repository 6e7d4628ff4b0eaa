/** Whether a step held, and what gave way first. Pure. */
import type { Arrival } from "../crowd/open-arrivals.ts";

export interface StepBounds {
  /** From the planned start of an order to its end, for 99 of 100. */
  readonly p99Ms: number;
  /** Failed calls in 100 planned orders. */
  readonly errorsPercentMax: number;
}

/** A look at the shop in the middle of a step. */
export interface Sample {
  /** Since the step began. */
  readonly atMs: number;
  /** Orders that are under way, and buyers who are due and not inside. */
  readonly backlog: number;
  /** Failed calls so far. */
  readonly errors: number;
}

export interface Break {
  readonly what: "p99" | "errors" | "queue";
  /** Since the step began. */
  readonly atMs: number;
  readonly sentence: string;
}

interface Watched {
  readonly arrivalsPerSecond: number;
  readonly beganAtMs: number;
  readonly arrivals: readonly Arrival[];
  /** Of each arrival, from its planned start to its end. */
  readonly latenciesMs: readonly number[];
  readonly samples: readonly Sample[];
  /** Whether all its orders ended in time afterwards. */
  readonly isDrained: boolean;
}

/** A queue of a few orders is no queue. */
const BACKLOG_MIN = 30;

/** The first of the bounds that gave way; null when all held. */
export function findBreak(step: Watched, bounds: StepBounds): Break | null {
  const breaks = [findSlow(step, bounds), findErrors(step, bounds), findQueue(step, bounds)];
  const [first] = breaks.filter((each) => each !== null).toSorted((a, b) => a.atMs - b.atMs);
  return first ?? null;
}

/** The instant at which more than one in a hundred was over the bound. */
function findSlow({ arrivals, latenciesMs, beganAtMs }: Watched, { p99Ms }: StepBounds): Break | null {
  const overAtMs = arrivals
    .flatMap(({ plannedAtMs }, index) =>
      (latenciesMs[index] ?? 0) > p99Ms ? [plannedAtMs + p99Ms - beganAtMs] : [],
    )
    .toSorted((a, b) => a - b);
  const atMs = overAtMs[Math.floor(arrivals.length / 100)];
  if (atMs === undefined) return null;
  const sentence = `${overAtMs.length} of ${arrivals.length} orders had not ended ${p99Ms} ms after their planned start`;
  return { what: "p99", atMs, sentence };
}

function findErrors({ arrivals, samples }: Watched, { errorsPercentMax }: StepBounds): Break | null {
  const errorsMax = (arrivals.length * errorsPercentMax) / 100;
  const first = samples.find(({ errors }) => errors > errorsMax);
  if (first === undefined) return null;
  const errors = Math.max(...samples.map((sample) => sample.errors));
  return {
    what: "errors",
    atMs: first.atMs,
    sentence: `${errors} calls failed, for ${arrivals.length} planned orders`,
  };
}

/** More under way than may come in the time that an order may take: the shop takes in more than it ends. */
function findQueue(step: Watched, { p99Ms }: StepBounds): Break | null {
  const { arrivalsPerSecond, samples, isDrained } = step;
  const backlogMax = Math.max(BACKLOG_MIN, (arrivalsPerSecond * p99Ms) / 1000);
  const first = samples.find(({ backlog }) => backlog > backlogMax);
  const last = samples.at(-1);
  if (first !== undefined) {
    const backlog = Math.max(...samples.map((sample) => sample.backlog));
    return {
      what: "queue",
      atMs: first.atMs,
      sentence: `up to ${backlog} orders were waiting or under way at once`,
    };
  }
  if (isDrained || last === undefined) return null;
  return { what: "queue", atMs: last.atMs, sentence: "its orders had not ended in time afterwards" };
}
