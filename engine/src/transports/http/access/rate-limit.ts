/** A token bucket per key: so many requests a second, and a burst of one second's worth. */
import { engineError } from "../../../core/errors.ts";

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Buckets that are full again say nothing; beyond this number they are swept. */
const BUCKETS_KEPT_MAX = 10_000;

export interface RateLimit {
  /** @throws FLOW_RATE_LIMITED (overloaded) */
  take(keyId: string, name: string): void;
}

export function createRateLimit(requestsPerSecond: number, monotonicMs: () => number): RateLimit {
  const buckets = new Map<string, Bucket>();
  const refill = (bucket: Bucket): void => {
    const nowMs = monotonicMs();
    bucket.tokens = Math.min(
      requestsPerSecond,
      bucket.tokens + ((nowMs - bucket.atMs) * requestsPerSecond) / 1_000,
    );
    bucket.atMs = nowMs;
  };
  const sweep = (): void => {
    for (const [keyId, bucket] of buckets) {
      refill(bucket);
      if (bucket.tokens >= requestsPerSecond) buckets.delete(keyId);
    }
  };
  return {
    take(keyId, name) {
      const bucket = buckets.get(keyId) ?? { tokens: requestsPerSecond, atMs: monotonicMs() };
      if (buckets.size >= BUCKETS_KEPT_MAX) sweep();
      buckets.set(keyId, bucket);
      refill(bucket);
      if (bucket.tokens < 1) {
        throw engineError(
          "FLOW_RATE_LIMITED",
          `key ${name} may send ${requestsPerSecond} requests a second (keyRequestsPerSecond); wait and try again`,
          { retryAfterMs: Math.ceil(((1 - bucket.tokens) * 1_000) / requestsPerSecond) },
        );
      }
      bucket.tokens -= 1;
    },
  };
}
