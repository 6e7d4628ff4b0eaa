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

test("due times are the same whether they are few or the newest of many, also where clocks go back and forward", () => {
  for (const timeZone of ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York"]) {
    for (const cron of ["30 * * * *", "0 30 2 * * *", "*/10 1-3 * * *", "0 0 3 * * 0"]) {
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
