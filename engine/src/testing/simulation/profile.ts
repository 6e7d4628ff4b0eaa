/**
 * What one seed is like. Each kind of fault is on for some seeds and off for others, and its rate ranges over orders of magnitude:
 * a fault that is always there hides what only shows without it.
 * @see "Swarm Testing", Groce et al., ISSTA 2012
 */
import type { EngineOptions } from "../../runtime/options.ts";
import { BEGINNINGS } from "./calendar.ts";
import type { Beginning } from "./calendar.ts";
import type { Random } from "./random.ts";

/** Chances of one call of a port, or of one command. */
export interface FaultRates {
  readonly spike: number;
  readonly errorBefore: number;
  readonly errorAfter: number;
  readonly crash: number;
  readonly freeze: number;
  readonly wireRefused: number;
  readonly wireLost: number;
  readonly handlerThrows: number;
  readonly handlerHangs: number;
  readonly handlerAnswersWrongly: number;
  readonly handlerAnswersLater: number;
  readonly remoteFails: number;
  readonly remoteLost: number;
  readonly remoteArrivesLate: number;
  readonly remoteAnswersWrongly: number;
  readonly remoteAnswersLater: number;
  readonly localFails: number;
}

export interface Profile {
  readonly engines: number;
  readonly hasPeers: boolean;
  readonly options: EngineOptions &
    Required<Pick<EngineOptions, "leaseMs" | "submitMs" | "stopMs" | "entriesMax" | "dataBytesMax">>;
  /** How long faults and callers go on, in virtual ms. */
  readonly chaosMs: number;
  /** Usual time of one way over the network, and the longest of a rare slow one. */
  readonly latencyMs: number;
  readonly spikeMsMax: number;
  readonly rates: FaultRates;
  /** Crashes at the ports, at the most: a seed must also get somewhere. */
  readonly crashesMax: number;
  readonly freezesMax: number;
  /** How often something strikes at any time, whatever is going on. */
  readonly strikes: {
    readonly crash: number;
    readonly freeze: number;
    readonly restart: number;
    readonly outage: number;
  };
  /** When virtual time begins, and which schedules there are then. */
  readonly beginning: Beginning;
  readonly flows: number;
  /** When engines that are started begin runs of the newest versions. */
  readonly releaseMs: number;
  readonly callers: number;
  /** How many come at one moment, beside the callers; 0 for none. */
  readonly crowd: number;
  /** How many things operators do out of the blue. */
  readonly operations: number;
  /** How many jobs and pauses there are. */
  readonly bulkOperations: number;
  /** A few seeds have timers beyond the horizon up to which engines keep them in memory, and slow leases to make that cheap. */
  readonly isLong: boolean;
  readonly handleMs: number;
}

export function drawProfile(random: Random): Profile {
  const isLong = random.chance(0.04);
  const leaseMs = isLong ? 12_000 : random.pick([300, 300, 400, 600]);
  // One seed in five has nearly everything at once: what needs three faults in a row happens there.
  const isRough = random.chance(0.2);
  const often = (min: number, max: number): number =>
    random.chance(isRough ? 0.9 : 0.5) ? random.magnitude(min, max) : 0;
  const times = (max: number): number =>
    random.chance(isRough ? 0.9 : 0.4) ? random.whole(1, isRough ? 2 * max : max) : 0;
  const submitMs = random.whole(2, 6) * 100;
  const chaosMs = isLong ? 40_000 : random.whole(900, 2_400);
  return {
    engines: random.pick([1, 2, 2, 3, 3]),
    hasPeers: random.chance(0.7),
    isLong,
    chaosMs,
    latencyMs: random.magnitude(0.05, 3),
    spikeMsMax: random.magnitude(10, 2 * leaseMs),
    rates: {
      spike: often(0.003, 0.1),
      errorBefore: often(0.002, 0.06),
      errorAfter: often(0.002, 0.06),
      crash: often(0.0005, 0.01),
      freeze: often(0.0005, 0.01),
      wireRefused: often(0.01, 0.2),
      wireLost: often(0.01, 0.2),
      handlerThrows: often(0.05, 0.4),
      handlerHangs: often(0.01, 0.1),
      handlerAnswersWrongly: often(0.02, 0.2),
      handlerAnswersLater: often(0.02, 0.3),
      remoteFails: often(0.05, 0.6),
      remoteLost: often(0.02, 0.4),
      remoteArrivesLate: often(0.05, 0.4),
      remoteAnswersWrongly: often(0.01, 0.1),
      remoteAnswersLater: often(0.05, 0.6),
      localFails: often(0.05, 0.5),
    },
    crashesMax: random.whole(1, isRough ? 12 : 6),
    freezesMax: random.whole(1, isRough ? 12 : 3),
    strikes: { crash: times(3), freeze: times(2), restart: times(3), outage: times(2) },
    beginning: random.fork("beginning").pick(BEGINNINGS),
    flows: random.whole(1, 3),
    releaseMs: random.between(0, 1.5 * chaosMs),
    callers: random.whole(2, 7),
    crowd: random.chance(0.3) ? random.whole(4, 16) : 0,
    operations: random.chance(0.7) ? random.whole(1, 12) : 0,
    bulkOperations: random.chance(0.4) ? random.whole(1, 5) : 0,
    handleMs: random.whole(2, 12) * 10,
    options: {
      lanes: random.whole(1, 5),
      writers: random.whole(1, 2),
      batchInputsMax: random.pick([1, 2, 5, 20, 500]),
      roundsMax: random.pick([1, 2, 4, 16]),
      timersPerBatchMax: random.pick([1, 3, 200]),
      timersReadMax: random.pick([2, 10, 10_000]),
      queueMax: random.pick([1, 3, 50, 50]),
      cachedRunsMax: random.pick([0, 1, 3, 1_000, 1_000]),
      projectionPendingMax: random.pick([1, 4, 1_000]),
      projectionMs: random.whole(5, 100),
      leaseMs,
      submitMs,
      stopMs: random.whole(1, 10) * 50,
      entriesMax: random.pick([10, 1_000, 1_000, 1_000]),
      dataBytesMax: random.pick([1_024, 1_024, 65_536]),
    },
  };
}

/** The same world with nothing going wrong in it. */
export function withoutFaults(profile: Profile): Profile {
  const rates = Object.fromEntries(
    Object.keys(profile.rates).map((rate) => [rate, 0]),
  ) as unknown as FaultRates;
  return { ...profile, rates, strikes: { crash: 0, freeze: 0, restart: 0, outage: 0 } };
}
