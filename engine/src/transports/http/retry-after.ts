/** The longest pause a participant may ask for: an hour. A longer one is more likely a mistake, and would park nobody, only hide. */
export const RETRY_AFTER_MS_MAX = 3_600_000;

/**
 * Milliseconds that a `Retry-After` asks for, from 0 to RETRY_AFTER_MS_MAX; null when there is none or it cannot be read.
 * @see RFC 9110 section 10.2.3: whole seconds, or an HTTP date
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null;
  const text = value.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(RETRY_AFTER_MS_MAX, Math.max(0, ms));
}
