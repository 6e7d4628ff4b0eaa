import assert from "node:assert/strict";
import { it } from "node:test";
import { missingPeriods, periodAt, retainedSinceMs, widthFor } from "./period.ts";
import type { Period, PeriodWidth } from "./period.ts";

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
const period = (from: string, until: string): Period => ({ fromMs: day(from), untilMs: day(until) });

it("takes wider periods for runs that are kept longer, the widest for those kept for ever", () => {
  const widths = [1, 10, 11, 70, 71, 366, 367, null].map(widthFor);
  assert.deepEqual(widths, ["day", "day", "week", "week", "month", "month", "quarter", "quarter"]);
});

const NOON_MS = 43_200_000;
const places: readonly (readonly [at: string, PeriodWidth, Period])[] = [
  ["2026-11-21", "day", period("2026-11-21", "2026-11-22")],
  ["2026-11-21", "week", period("2026-11-16", "2026-11-23")],
  ["2026-11-16", "week", period("2026-11-16", "2026-11-23")],
  ["2026-11-15", "week", period("2026-11-09", "2026-11-16")],
  ["1970-01-01", "week", period("1969-12-29", "1970-01-05")],
  ["1969-12-28", "week", period("1969-12-22", "1969-12-29")],
  ["2028-02-29", "month", period("2028-02-01", "2028-03-01")],
  ["2026-12-31", "month", period("2026-12-01", "2027-01-01")],
  ["2026-12-31", "quarter", period("2026-10-01", "2027-01-01")],
  ["2026-03-31", "quarter", period("2026-01-01", "2026-04-01")],
];
for (const [at, width, expected] of places) {
  it(`finds the ${width} of ${at} in the calendar`, () => {
    for (const atMs of [day(at), day(at) + NOON_MS, day(at) + 2 * NOON_MS - 1])
      assert.deepEqual(periodAt(atMs, width), expected);
  });
}

it("makes the periods that a stretch lacks, and none that is there", () => {
  const stretch = { fromMs: day("2026-11-28") + NOON_MS, untilMs: day("2026-12-02") };
  const months = [period("2026-11-01", "2026-12-01"), period("2026-12-01", "2027-01-01")];
  assert.deepEqual(missingPeriods([], stretch, "month"), months);
  assert.deepEqual(missingPeriods(months.slice(0, 1), stretch, "month"), months.slice(1));
  assert.deepEqual(missingPeriods(months, stretch, "month"), []);
});

it("leaves out what periods of another width have already", () => {
  const stretch = { fromMs: day("2026-11-28"), untilMs: day("2026-12-03") };
  const stored = [period("2026-11-29", "2026-12-01"), period("2026-10-01", "2026-11-10")];
  assert.deepEqual(missingPeriods(stored, stretch, "quarter"), [
    period("2026-11-10", "2026-11-29"),
    period("2026-12-01", "2027-01-01"),
  ]);
  assert.deepEqual(missingPeriods([period("2026-01-01", "2027-01-01")], stretch, "day"), []);
});

it("counts retention in whole days back from now", () => {
  assert.equal(retainedSinceMs(day("2026-11-21") + 5, 30), day("2026-10-22") + 5);
});
