import assert from "node:assert/strict";
import { test } from "node:test";
import { listDueTimes, nextOccurrence } from "./next-occurrence.ts";

const DAY_MS = 86_400_000;

/** One after the other, as the clock shows them. */
function walk(schedule: { cron: string; timeZone: string }, afterMs: number, untilMs: number): number[] {
  const due: number[] = [];
  for (
    let at = nextOccurrence(schedule, afterMs);
    at !== null && at <= untilMs;
    at = nextOccurrence(schedule, at)
  )
    due.push(at);
  return due;
}

test("after a long absence the newest due times are listed, and the others are not gone through", () => {
  const untilMs = Date.UTC(2026, 10, 21);
  const schedule = { cron: "* * * * * *", timeZone: "UTC" };
  const cpu = process.cpuUsage();
  const due = listDueTimes(schedule, { afterMs: untilMs - 365 * DAY_MS, untilMs, max: 100 });
  const { user } = process.cpuUsage(cpu);
  assert.deepEqual(
    due,
    Array.from({ length: 100 }, (_, nth) => untilMs - 1_000 * (99 - nth)),
  );
  // Thirty million times one by one would take hours.
  assert.ok(user < 20_000_000, `${user} µs`);
});

/** The due times of a schedule on a day by its own clock and the morning after. */
function dueOn(cron: string, timeZone: string, day: string): string[] {
  const midnightMs = Date.parse(`${day}T00:00:00Z`);
  const shown = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short" });
  return walk({ cron, timeZone }, midnightMs - DAY_MS, midnightMs + 2 * DAY_MS)
    .map((ms) => new Date(ms))
    .filter((at) => shown.format(at) === day)
    .map((at) => at.toISOString().slice(11, 16));
}

test("times of day that the clocks leave out are due at the end of the gap, once", () => {
  for (const [cron, timeZone, day, due] of [
    ["30 2 * * *", "Europe/Berlin", "2026-03-29", ["01:00"]],
    ["10,40 2 * * *", "Europe/Berlin", "2026-03-29", ["01:00"]],
    ["30 1-3 * * *", "Europe/Berlin", "2026-03-29", ["00:30", "01:00", "01:30"]],
    ["0 2,3 * * *", "Europe/Berlin", "2026-03-29", ["01:00"]],
    ["10,40 2 * * *", "America/New_York", "2026-03-08", ["07:00"]],
    ["15 2 * * *", "Australia/Lord_Howe", "2026-10-04", ["15:30"]],
  ] as const)
    assert.deepEqual(dueOn(cron, timeZone, day), due, `${cron} in ${timeZone}`);
});

test("times of day that come twice are due the first time", () => {
  for (const [cron, timeZone, day, due] of [
    ["30 2 * * *", "Europe/Berlin", "2026-10-25", ["00:30"]],
    ["0,30 2 * * *", "Europe/Berlin", "2026-10-25", ["00:00", "00:30"]],
    ["30 1-3 * * *", "Europe/Berlin", "2026-10-25", ["23:30", "00:30", "02:30"]],
    ["30 1 * * *", "America/New_York", "2026-11-01", ["05:30"]],
    ["15,45 1,2 * * *", "Australia/Lord_Howe", "2026-04-05", ["14:15", "14:45", "15:45", "16:15"]],
  ] as const)
    assert.deepEqual(dueOn(cron, timeZone, day), due, `${cron} in ${timeZone}`);
});

test("a schedule for every hour is due in every hour that passes", () => {
  const hoursOf = (day: string) => dueOn("30 * * * *", "Europe/Berlin", day).slice(0, 5);
  assert.deepEqual(hoursOf("2026-03-29"), ["23:30", "00:30", "01:30", "02:30", "03:30"]);
  assert.deepEqual(hoursOf("2026-10-25"), ["22:30", "23:30", "00:30", "01:30", "02:30"]);
});

test("due times are the same whether they are few or the newest of many, also where clocks go back and forward", () => {
  for (const timeZone of ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York"]) {
    for (const cron of ["30 * * * *", "0 30 2 * * *", "*/10 1-3 * * *", "0 0 3 * * 0", "0 10,40 2 * * *"]) {
      for (const untilMs of [Date.UTC(2026, 2, 30), Date.UTC(2026, 9, 26), Date.UTC(2026, 10, 2)]) {
        const schedule = { cron, timeZone };
        const afterMs = untilMs - 10 * DAY_MS;
        const all = walk(schedule, afterMs, untilMs);
        for (const max of [1, 3, 20, 10_000]) {
          const due = listDueTimes(schedule, { afterMs, untilMs, max });
          assert.deepEqual(due, all.slice(-max), `${cron} in ${timeZone} until ${untilMs}, ${max}`);
        }
      }
    }
  }
});
