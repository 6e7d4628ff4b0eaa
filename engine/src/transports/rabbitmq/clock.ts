/** The time of this process. */
import type { Clock } from "../../core/ports.ts";

export const CLOCK: Pick<Clock, "random" | "schedule"> = {
  random: Math.random,
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Waits for something that ends by itself, but not longer than that. */
export function waitAtMost(ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const disarm = CLOCK.schedule(ms, resolve);
    const end = (): void => {
      disarm();
      resolve();
    };
    work.then(end, end);
  });
}
