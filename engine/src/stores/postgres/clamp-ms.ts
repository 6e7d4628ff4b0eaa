/** The last millisecond both JavaScript and Postgres can name. */
const MS_MAX = 8.64e15;

/** A time that a caller gave, within what Postgres can hold. */
export function clampMs(ms: number): number {
  return Math.min(MS_MAX, Math.max(0, Math.floor(ms)));
}
