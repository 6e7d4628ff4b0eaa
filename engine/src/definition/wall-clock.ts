/**
 * What a clock on the wall of a time zone shows, and when it shows it. A wall time is told as if it were UTC: ms since 1970 of a clock that
 * nobody sets.
 */

const DAY_MS = 86_400_000;

/** Making one costs more than a hundred uses of it; there are no more than time zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a time zone that there is not */
export function toWall(timeZone: string, atMs: number): number {
  const shown = new Map(
    formatOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => shown.get(type) ?? 0;
  const wholeMs = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return wholeMs + (((atMs % 1_000) + 1_000) % 1_000);
}

/** The first time at which the clock shows this, or, where it never does, at which it shows more: the end of the gap. */
export function fromWall(timeZone: string, wallMs: number): number {
  const offsetAt = (atMs: number): number => toWall(timeZone, atMs) - atMs;
  // The clocks of a zone are set once in two days at the most.
  const [before, after] = [offsetAt(wallMs - DAY_MS), offsetAt(wallMs + DAY_MS)];
  const [early, late] = [wallMs - Math.max(before, after), wallMs - Math.min(before, after)];
  if (toWall(timeZone, early) === wallMs) return early;
  if (toWall(timeZone, late) === wallMs) return late;
  return findChange(early, late, (atMs) => toWall(timeZone, atMs) > wallMs);
}

/** The first ms of which it is true, between one of which it is not and one of which it is. */
function findChange(fromMs: number, toMs: number, isAfter: (atMs: number) => boolean): number {
  let [low, high] = [fromMs, toMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isAfter(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formats.set(timeZone, format);
  return format;
}
