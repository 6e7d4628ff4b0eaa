/**
 * Periods of birth. Runs are stored, and one day dropped, together with all that began in the same stretch of the calendar (UTC), so that
 * a run and its history are either whole or gone.
 */

/** A stretch of time in whole days: from midnight to midnight. */
export interface Period {
  readonly fromMs: number;
  /** The first moment behind it. */
  readonly untilMs: number;
}

export type PeriodWidth = "day" | "week" | "month" | "quarter";

const DAY_MS = 86_400_000;

/** What lies before the first Monday of 1970: 1 January was a Thursday. */
const WEEK_OFFSET_DAYS = 3;

/** Up to how many days of retention a width is taken. */
const WIDTHS: readonly (readonly [daysMax: number, PeriodWidth])[] = [
  [10, "day"],
  [70, "week"],
  [366, "month"],
];

/**
 * How wide periods are for runs that are kept so long; null: for ever. A look for a run of unknown birth goes into each period, so that there
 * are about a dozen of them at the most; a run stays up to one width longer than asked, so that they are no wider than that takes.
 */
export function widthFor(retentionDays: number | null): PeriodWidth {
  const fitting = WIDTHS.find(([daysMax]) => retentionDays !== null && retentionDays <= daysMax);
  return fitting?.[1] ?? "quarter";
}

/** The stretch of the calendar that a moment is in. */
export function periodAt(atMs: number, width: PeriodWidth): Period {
  const day = Math.floor(atMs / DAY_MS);
  if (width === "day") return daysFrom(day, 1);
  if (width === "week") return daysFrom(day - ((((day + WEEK_OFFSET_DAYS) % 7) + 7) % 7), 7);
  const date = new Date(atMs);
  const year = date.getUTCFullYear();
  const months = width === "month" ? 1 : 3;
  const first = Math.floor(date.getUTCMonth() / months) * months;
  return { fromMs: Date.UTC(year, first), untilMs: Date.UTC(year, first + months) };
}

function daysFrom(day: number, count: number): Period {
  return { fromMs: day * DAY_MS, untilMs: (day + count) * DAY_MS };
}

/**
 * The periods that have to be made so that each moment of a stretch is in one. Those that are stored may have any width: a new one
 * leaves out what they have already.
 */
export function missingPeriods(stored: readonly Period[], stretch: Period, width: PeriodWidth): Period[] {
  const missing: Period[] = [];
  for (let atMs = stretch.fromMs; atMs < stretch.untilMs;) {
    const there = stored.find((period) => isIn(period, atMs));
    const period = there ?? fitBetween(periodAt(atMs, width), stored, atMs);
    if (there === undefined) missing.push(period);
    atMs = period.untilMs;
  }
  return missing;
}

/** As much of a period around a moment as is not in any other. */
function fitBetween(period: Period, others: readonly Period[], atMs: number): Period {
  const before = others.filter(({ untilMs }) => untilMs <= atMs).map(({ untilMs }) => untilMs);
  const behind = others.filter(({ fromMs }) => fromMs > atMs).map(({ fromMs }) => fromMs);
  return {
    fromMs: Math.max(period.fromMs, ...before),
    untilMs: Math.min(period.untilMs, ...behind),
  };
}

export function isIn({ fromMs, untilMs }: Period, atMs: number): boolean {
  return fromMs <= atMs && atMs < untilMs;
}

/** Up to when a run that may be dropped has changed last, at the latest. */
export function retainedSinceMs(nowMs: number, retentionDays: number): number {
  return nowMs - retentionDays * DAY_MS;
}
