import { createHash, randomFillSync } from "node:crypto";
import type { Clock } from "../core/ports.ts";

/** The clock of a real process. */
export function systemClock(): Clock {
  return {
    monotonicMs: () => performance.now(),
    schedule: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
    newId: createIds(() => Date.now()),
  };
}

/** Randomness is fetched from the system for so many ids at once: one call for each cost more than the rest of an id. */
const IDS_PER_FETCH = 512;
const RANDOM_BYTES = 8;

/**
 * Makes ids that grow with time (UUIDv7, RFC 9562, with a counter in the twelve bits behind the time), so that rows written together
 * lie together in an index. Unique across processes by 62 random bits.
 */
export function createIds(epochMs: () => number): () => string {
  let lastMs = 0;
  let counter = 0;
  const random = Buffer.alloc(IDS_PER_FETCH * RANDOM_BYTES);
  let at = random.length;
  return () => {
    const nowMs = epochMs();
    if (nowMs > lastMs) {
      lastMs = nowMs;
      counter = 0;
    } else if (++counter > 0xfff) {
      lastMs++;
      counter = 0;
    }
    const time = lastMs.toString(16).padStart(12, "0");
    if (at === random.length) {
      randomFillSync(random);
      at = 0;
    }
    const tail = random.subarray(at, (at += RANDOM_BYTES));
    tail[0] = ((tail[0] ?? 0) & 0x3f) | 0x80;
    const hex = tail.toString("hex");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, "0")}-${hex.slice(0, 4)}-${hex.slice(4)}`;
  };
}

/** A UUID made from a text: the same text always gives the same id (UUIDv8, RFC 9562, from SHA-256). */
export function nameId(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
