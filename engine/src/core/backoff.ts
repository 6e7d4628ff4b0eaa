import { engineError } from "./errors.ts";

/** How attempts spread out. Built from a `retry` of a definition; the defaults are DEFAULT_RETRY. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attemptsMax: number;
  readonly firstMs: number;
  readonly factor: number;
  readonly waitMsMax: number;
  /** `full`: a wait between 0 and the bound, so that a crowd spreads out. `none`: the bound itself. */
  readonly jitter: "full" | "none";
  /** Codes that are not tried again, whatever their kind. */
  readonly never: readonly string[];
}

/** Eight attempts over some 25 s: long enough for a restart of a participant, short enough that somebody is told today. */
export const DEFAULT_RETRY: RetryPolicy = {
  attemptsMax: 8,
  firstMs: 200,
  factor: 2,
  waitMsMax: 30_000,
  jitter: "full",
  never: [],
};

/**
 * How long to wait before the next attempt: exponential, with full jitter.
 * `attempt` counts from 1 and names the attempt that failed; `random` lies in [0, 1); the answer is whole milliseconds from 0 to `waitMsMax`.
 * @throws FLOW_BAD_POLICY (invalid) when `firstMs` is not positive or `factor` is below 1
 * @see "Exponential Backoff And Jitter", AWS Architecture Blog, 2015
 */
export function backoffMs(policy: RetryPolicy, attempt: number, random: number): number {
  if (!(policy.firstMs > 0) || !(policy.factor >= 1)) {
    throw engineError(
      "FLOW_BAD_POLICY",
      `retry has first ${policy.firstMs} ms and factor ${policy.factor}, expected a positive first wait and a factor of at least 1`,
    );
  }
  const boundMs = Math.min(policy.waitMsMax, policy.firstMs * policy.factor ** (attempt - 1));
  return Math.round(policy.jitter === "full" ? boundMs * random : boundMs);
}
