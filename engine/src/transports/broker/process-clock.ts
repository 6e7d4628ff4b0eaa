import type { Clock } from "../../core/ports.ts";

/** The time of this process, for a transport, which gets no clock of the engine's. */
export const PROCESS_CLOCK: Pick<Clock, "random" | "schedule"> = {
  random: Math.random,
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
