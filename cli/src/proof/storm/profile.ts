/** What one seed is like: how its engines are set, who calls, and what it is made of. Drawn once, the same in every process. */
import type { EngineOptions } from "@sluice/engine";
import { Random } from "@sluice/engine/random-flows";

export interface StormProfile {
  /** Small limits reach what large ones hide, and the other way round. */
  readonly options: EngineOptions & { readonly lanes: number; readonly leaseMs: number };
  /** Callers who come whatever the engines do. */
  readonly callersPerSecond: number;
  /** After so many faults engines that start serve the second versions of the flows too. */
  readonly releaseAfterFaults: number;
}

/** The default of the engine: what the proof measures is what users get. */
const LEASE_MS = 1_500;

export function drawProfile(seed: number): StormProfile {
  const random = new Random(seed).fork("profile");
  return {
    options: {
      leaseMs: LEASE_MS,
      lanes: random.pick([2, 4, 8, 16]),
      writers: random.whole(1, 2),
      batchInputsMax: random.pick([20, 100, 500]),
      roundsMax: random.pick([1, 4, 16]),
      timersPerBatchMax: random.pick([10, 50, 200]),
      queueMax: random.pick([50, 200, 10_000]),
      cachedRunsMax: random.pick([0, 20, 25_000]),
      projectionPendingMax: random.pick([20, 20_000]),
      submitMs: random.pick([2_000, 10_000]),
    },
    callersPerSecond: random.pick([6, 9, 12]),
    releaseAfterFaults: random.whole(0, 6),
  };
}
