import { engineError } from "../core/errors.ts";
import type { Clock } from "../core/ports.ts";

export interface CallBound {
  /** What is called, for the message. */
  readonly name: string;
  readonly handleMs: number;
  readonly schedule: Clock["schedule"];
  /** Ends the wait early. */
  readonly signal?: AbortSignal;
}

/** The timers of this process. */
export const scheduleTimer: Clock["schedule"] = (delayMs, callback) => {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
};

/**
 * Calls a handler and waits for it at most `handleMs`. Its own signal is aborted when nobody waits any more; what it does after that
 * is its own affair, so the outcome of such a call is unknown.
 * @throws FLOW_COMMAND_TIMEOUT (timeout) when it does not return in time or `signal` is aborted; else whatever it throws
 */
export async function callBounded<T>(
  bound: CallBound,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { name, handleMs, schedule, signal } = bound;
  const handlerAbort = new AbortController();
  const { promise: given, reject } = Promise.withResolvers<never>();
  const giveUp = (why: string): void => {
    const error = engineError("FLOW_COMMAND_TIMEOUT", `${name} ${why}; whether it took effect is unknown`);
    reject(error);
    handlerAbort.abort(error);
  };
  const onAbort = (): void => giveUp("was aborted");
  const disarm = schedule(handleMs, () => giveUp(`did not return within ${handleMs} ms (handleMs)`));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    if (signal?.aborted === true) {
      onAbort();
      return await given;
    }
    return await Promise.race([given, call(handlerAbort.signal)]);
  } finally {
    disarm();
    signal?.removeEventListener("abort", onAbort);
  }
}
