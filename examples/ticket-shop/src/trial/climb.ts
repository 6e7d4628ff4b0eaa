/** An arrival rate that is raised step by step until the shop breaks, and what breaks first. */
import { setTimeout as sleep } from "node:timers/promises";
import { countErrors, newTotals } from "../crowd/crowd.ts";
import type { CrowdTotals } from "../crowd/crowd.ts";
import { Latencies } from "../crowd/latencies.ts";
import { openArrivals } from "../crowd/open-arrivals.ts";
import type { Arrival, ArrivalsOptions } from "../crowd/open-arrivals.ts";
import type { ShopClient } from "../crowd/shop-client.ts";
import { findBreak } from "./find-break.ts";
import type { Break, Sample, StepBounds } from "./find-break.ts";
import type { EngineApi, RunRow } from "./engine-api.ts";

export interface ClimbOptions extends Omit<ArrivalsOptions, "arrivalsPerSecond"> {
  /** The rates, one step each, ascending. */
  readonly rates: readonly number[];
  readonly bounds: StepBounds;
  /** How long the orders of a step may take to end before the next one, and before it counts as broken. */
  readonly drainMs: number;
}

/** Times count from the planned start of each order. */
export interface Step {
  readonly arrivalsPerSecond: number;
  readonly seconds: number;
  readonly planned: number;
  readonly acknowledged: number;
  /** Orders that have ended by the end of the step's drain, in a second from the first planned start to the last end. */
  readonly endedPerSecond: number;
  readonly ended: number;
  readonly errors: number;
  /** Until the shop has answered the payment. */
  readonly answered: Percentiles;
  /** Until the order was closed, or ended otherwise. */
  readonly closed: Percentiles;
  /** Most orders that were under way or waited outside. */
  readonly backlogMax: number;
  /** Null: it held. */
  readonly broke: Break | null;
}

export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Climber {
  readonly shops: readonly ShopClient[];
  readonly api: EngineApi;
  /** Told of each step when it has ended. */
  readonly stepped: (step: Step) => void;
}

const SAMPLE_MS = 500;

/** The steps up to the first that broke, each with what its buyers were told. */
export async function climb(
  climber: Climber,
  options: ClimbOptions,
): Promise<{ readonly steps: readonly Step[]; readonly totals: readonly CrowdTotals[] }> {
  const steps: Step[] = [];
  const all: CrowdTotals[] = [];
  for (const arrivalsPerSecond of options.rates) {
    const totals = newTotals();
    all.push(totals);
    const step = await takeStep(climber, { ...options, arrivalsPerSecond }, totals);
    if (options.signal.aborted) break;
    steps.push(step);
    climber.stepped(step);
    if (step.broke !== null) break;
  }
  return { steps, totals: all };
}

type StepOptions = Omit<ClimbOptions, "rates"> & ArrivalsOptions;

async function takeStep({ shops, api }: Climber, options: StepOptions, totals: CrowdTotals): Promise<Step> {
  const { arrivalsPerSecond, seconds, bounds, drainMs, signal } = options;
  const before = await api.countRuns();
  const beganAtMs = Date.now();
  const arriving = openArrivals(shops, options, totals);
  const samples = await sampleUntil(arriving, async () => {
    const atMs = Date.now() - beganAtMs;
    const planned = Math.floor((Math.min(atMs, seconds * 1000) * arrivalsPerSecond) / 1000);
    const outside = planned - totals.orders.length - totals.unanswered.length;
    // A moment at which the shop does not answer is one that its callers feel too.
    const { open } = await api.countRuns().catch(() => before);
    return { atMs, backlog: open + Math.max(0, outside), errors: countErrors(totals) };
  });
  const arrivals = await arriving;
  const isDrained = await api.waitUntilEnded(before.ended + totals.orders.length, drainMs, signal);
  const rows = await api.listRuns(beganAtMs);
  const answered = latenciesOf(arrivals, ({ answeredAtMs }) => answeredAtMs);
  const endedAtMs = endsOf(rows);
  const closed = latenciesOf(arrivals, ({ orderId }) => endedAtMs.get(orderId) ?? null);
  const ends = arrivals.flatMap(({ orderId }) => endedAtMs.get(orderId) ?? []);
  const tookSeconds = (Math.max(beganAtMs + seconds * 1000, ...ends) - beganAtMs) / 1000;
  return {
    arrivalsPerSecond,
    seconds,
    planned: arrivals.length,
    acknowledged: totals.orders.length,
    ended: ends.length,
    endedPerSecond: ends.length / tookSeconds,
    errors: countErrors(totals),
    answered: percentilesOf(answered),
    closed: percentilesOf(closed),
    backlogMax: Math.max(0, ...samples.map(({ backlog }) => backlog)),
    broke: findBreak(
      { arrivalsPerSecond, beganAtMs, arrivals, latenciesMs: closed, samples, isDrained },
      bounds,
    ),
  };
}

async function sampleUntil(end: Promise<unknown>, sample: () => Promise<Sample>): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  let isOver = false;
  void end.finally(() => (isOver = true));
  while (!isOver) {
    samples.push(await sample());
    await Promise.race([sleep(SAMPLE_MS), end]);
  }
  return samples;
}

function endsOf(rows: readonly RunRow[]): ReadonlyMap<string, number> {
  return new Map(
    rows.flatMap(({ key, outcome, enteredAt }) =>
      key === null || outcome === null ? [] : [[key, Date.parse(enteredAt)] as const],
    ),
  );
}

/** What has not happened yet counts with its age. */
function latenciesOf(
  arrivals: readonly Arrival[],
  endOf: (arrival: Arrival) => number | null,
): readonly number[] {
  const nowMs = Date.now();
  return arrivals.map((arrival) => Math.max(0, (endOf(arrival) ?? nowMs) - arrival.plannedAtMs));
}

export function percentilesOf(latenciesMs: readonly number[]): Percentiles {
  const latencies = new Latencies();
  for (const ms of latenciesMs) latencies.add(ms);
  return { p50Ms: latencies.percentileMs(0.5), p99Ms: latencies.percentileMs(0.99) };
}
