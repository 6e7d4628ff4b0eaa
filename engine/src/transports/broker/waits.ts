/** Waiting before something is tried again: exponential, with full jitter, and ended early by a signal. */
import { setTimeout as wait } from "node:timers/promises";
import { backoffMs } from "../../core/backoff.ts";
import type { RetryPolicy } from "../../core/backoff.ts";

/**
 * Until it works or nobody wants it any more: fast at first, since most outages are a takeover long, but a broker or an engine may be away for
 * an hour.
 */
const AGAIN: RetryPolicy = {
  attemptsMax: Number.MAX_SAFE_INTEGER,
  firstMs: 50,
  factor: 2,
  waitMsMax: 2_000,
  jitter: "full",
  never: [],
};

/** How long to wait after an attempt, counted from 1. */
export function againMs(attempt: number, random = Math.random()): number {
  // Beyond some tries the bound holds, and a larger power would be no number.
  return 1 + backoffMs(AGAIN, Math.min(attempt, 30), random);
}

/** False when the signal was aborted meanwhile. */
export async function waitAgain(attempt: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(againMs(attempt), undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

/** Waits for something, but no longer than that. Its failure is for others. */
export async function waitAtMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  await Promise.race([work.catch(() => {}), over.promise]);
  clearTimeout(timer);
}
