import { engineError } from "./errors.ts";

/** A length of time in a definition: a number and its unit, as `500ms`, `30s`, `15m`, `24h` or `7d`. */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest duration a definition may name: ten years. Beyond it a wrong unit is more likely than a plan. */
export const DURATION_MS_MAX = 3650 * 86_400_000;

/** Whole milliseconds of a duration, or null when the text is none. */
export function parseDuration(text: unknown): number | null {
  if (typeof text !== "string") return null;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = match?.[2];
  if (match === null || unit === undefined) return null;
  const ms = Math.round(Number(match[1]) * (UNIT_MS[unit] ?? Number.NaN));
  return ms >= 0 && ms <= DURATION_MS_MAX ? ms : null;
}

/**
 * Milliseconds of a duration that was checked before.
 * @throws FLOW_BAD_DEFINITION (invalid) when the text is no duration
 */
export function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) {
    throw engineError(
      "FLOW_BAD_DEFINITION",
      `a duration is "${text}", expected a number and a unit such as 500ms, 30s, 15m, 24h or 7d`,
    );
  }
  return ms;
}
