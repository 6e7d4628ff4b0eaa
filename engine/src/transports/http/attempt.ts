/** One HTTP request with a bound on the whole of it, and what its failure says about whether it was received. */

export interface Attempt {
  /** Aborted when the time is over or the caller's own signal is. */
  readonly signal: AbortSignal;
  readonly isExpired: boolean;
  /** Must be called when the attempt has ended. */
  end(): void;
}

/** By hand, because `AbortSignal.timeout` keeps its timer to the end: thousands of them at a few thousand short requests a second. */
export function startAttempt(attemptMs: number, signal?: AbortSignal): Attempt {
  const abort = new AbortController();
  let isExpired = false;
  const timer = setTimeout(() => {
    isExpired = true;
    abort.abort();
  }, attemptMs);
  const onAbort = (): void => abort.abort();
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  return {
    signal: abort.signal,
    get isExpired() {
      return isExpired;
    },
    end() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

/** How long a connection may take to open; a host that does not answer at all is found before the attempt ends. */
export const CONNECT_MS_MAX = 5_000;

/** Errors that come before the first byte is sent: a wrong address, name lookup, connecting, TLS, a client that is closed. */
const NEVER_REACHED = new Set([
  "ERR_INVALID_URL",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** Whether a failed request certainly never reached its server. Anything not known to is taken for received: that is the safe side. */
export function isNeverReached(error: unknown): boolean {
  return NEVER_REACHED.has(codeOf(error));
}

/** The code of a network error, or what there is instead. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  return "code" in error
    ? String(error.code)
    : "message" in error
      ? String(error.message)
      : "an unknown error";
}
