import { closedLoop } from "./closed-loop.ts";
import type { Load, LoadResult, LoadWatch, RunOnce } from "./load.ts";
import { openArrival } from "./open-arrival.ts";

/** Callers of the first second. A subject that is asked one thing at a time would take minutes to get its code compiled. */
const WARM_CALLERS = 50;

const UNWATCHED = { opened: () => {}, closed: () => {} };

/** Warms up, then puts the load on and measures it while the window is open. Rejects with the first error of a run. */
export async function driveLoad(runOnce: RunOnce, load: Load, watch: LoadWatch): Promise<LoadResult> {
  const { arrivalsPerSecond } = load;
  if (arrivalsPerSecond !== null || load.inFlight < WARM_CALLERS)
    await closedLoop(
      runOnce,
      { ...load, inFlight: WARM_CALLERS, arrivalsPerSecond: null, seconds: 0 },
      { signal: watch.signal, ...UNWATCHED },
    );
  return arrivalsPerSecond === null
    ? closedLoop(runOnce, load, watch)
    : openArrival(runOnce, { ...load, arrivalsPerSecond }, watch);
}
