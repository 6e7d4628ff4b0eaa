/**
 * Keeps a number of runs in flight: each caller begins its next run when the last one has ended. A slow subject is asked less often, so a
 * run's latency begins when its caller was free, not when the process got round to it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { latenciesOf } from "../statistics.ts";
import type { Load, LoadResult, LoadWatch, RunOnce } from "./load.ts";
import { RUN_MS_MAX } from "./load.ts";

/** How often the state of the load is looked at. */
const LOOK_EVERY_MS = 10;

interface Laps {
  /** Callers that have had a run. */
  callersServed: number;
  /** Latencies while the window is open. */
  latenciesMs: number[] | null;
  isOver: boolean;
}

export async function closedLoop(runOnce: RunOnce, load: Load, watch: LoadWatch): Promise<LoadResult> {
  const laps: Laps = { callersServed: 0, latenciesMs: null, isOver: false };
  const callers = Array.from({ length: load.inFlight }, () => keepRunning(runOnce, laps));
  const all = Promise.all(callers);
  // Whoever looks at the window hears of a failure; until then nobody waits for the callers.
  all.catch(() => (laps.isOver = true));
  try {
    await warmUp(laps, load, watch.signal);
    const window = await openWindow(laps, load, watch);
    laps.isOver = true;
    await all;
    return window;
  } finally {
    laps.isOver = true;
    await Promise.allSettled(callers);
  }
}

async function keepRunning(runOnce: RunOnce, laps: Laps): Promise<void> {
  let freeSinceMs = performance.now();
  for (let run = 1; !laps.isOver; run++) {
    await runOnce();
    const nowMs = performance.now();
    if (run === 1) laps.callersServed++;
    laps.latenciesMs?.push(nowMs - freeSinceMs);
    freeSinceMs = nowMs;
  }
}

/**
 * Until the time is up and each caller had its turn: the first crowd arrives all at once, as none after it does. Over HTTP it also opens its
 * connections, of which a busy process takes one for each turn of its event loop: by then others have had several turns.
 */
async function warmUp(laps: Laps, { inFlight, warmUpSeconds }: Load, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  const isWarm = (): boolean => {
    const tookMs = performance.now() - startedMs;
    return tookMs >= warmUpSeconds * 1_000 && (laps.callersServed === inFlight || tookMs >= RUN_MS_MAX);
  };
  while (!isWarm() && !laps.isOver && !signal.aborted) await sleep(LOOK_EVERY_MS);
}

/**
 * Until the time is up and as many runs have ended as there are callers: a crowd goes through a flow in waves, and a shorter look would see one end
 * of them, or none.
 */
async function openWindow(laps: Laps, { inFlight, seconds }: Load, watch: LoadWatch): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  laps.latenciesMs = latenciesMs;
  const openedMs = performance.now();
  watch.opened();
  const isDone = (): boolean => {
    const tookMs = performance.now() - openedMs;
    return tookMs >= seconds * 1_000 && (latenciesMs.length >= inFlight || tookMs >= RUN_MS_MAX);
  };
  while (!isDone() && !laps.isOver && !watch.signal.aborted) await sleep(LOOK_EVERY_MS);
  laps.latenciesMs = null;
  const tookSeconds = (performance.now() - openedMs) / 1_000;
  watch.closed();
  return { seconds: tookSeconds, runs: latenciesMs.length, ...latenciesOf(latenciesMs) };
}
