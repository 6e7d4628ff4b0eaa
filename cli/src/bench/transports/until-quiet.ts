import { setTimeout as sleep } from "node:timers/promises";
import { familyCpuSeconds } from "../observe/process-stat.ts";

const LOOK_MS = 500;
/** Less than that is heartbeats. */
const QUIET_CORES = 0.1;

/**
 * Until a server has done what it still does by itself, such as compiling what it was busy with: it would be measured with what comes next.
 * Where nobody knows its CPU time, at once; in any case when `secondsMax` are over.
 */
export async function untilQuiet(pid: number | null, secondsMax: number, signal: AbortSignal): Promise<void> {
  const beganMs = performance.now();
  let before = familyCpuSeconds(pid);
  while (before !== null && !signal.aborted && performance.now() - beganMs < 1_000 * secondsMax) {
    const lookedMs = performance.now();
    await sleep(LOOK_MS);
    const after = familyCpuSeconds(pid);
    if (after === null) return;
    const seconds = (performance.now() - lookedMs) / 1_000;
    if ((after - before) / seconds < QUIET_CORES) return;
    before = after;
  }
}
