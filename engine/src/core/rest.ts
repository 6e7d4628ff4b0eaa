import type { Clock } from "./ports.ts";

/** Resolves after `ms`, or as soon as `signal` is aborted. */
export function rest(schedule: Clock["schedule"], ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      disarm();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const disarm = schedule(ms, end);
    signal.addEventListener("abort", end, { once: true });
  });
}
