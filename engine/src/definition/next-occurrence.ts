import { Cron } from "croner";
import type { ListDueTimes } from "../core/flow.ts";
import { fromWall, toWall } from "./wall-clock.ts";

interface CronSchedule {
  readonly cron: string;
  readonly timeZone: string;
}

/** A schedule as the times it names, whatever the clocks of its zone do. */
interface Walker {
  /** The next after a time. */
  next(afterMs: number): number | null;
  /** Where one is who goes so many times back from a time; null where there are not so many. */
  back(count: number, untilMs: number): number | null;
}

/**
 * The next time of a schedule strictly after a time, in ms since 1970; null when there is none. A schedule that names hours is one of times of
 * day: where the clocks go back a time that comes twice is due the first time; where they go forward one that is left out is due at the end of the
 * gap. One for every hour goes by the hours that pass.
 * @throws Error when the expression or the time zone means nothing; `checkFlow` says so at load
 */
export function nextOccurrence(schedule: CronSchedule, afterMs: number): number | null {
  return openSchedule(schedule).next(afterMs);
}

/** After a long absence the times before the newest `max` are passed over, not gone through: a day of seconds would hold the process for long. */
export const listDueTimes: ListDueTimes = (schedule, { afterMs, untilMs, max }) => {
  const walker = openSchedule(schedule);
  const due = walk(walker, afterMs, untilMs, max + 1);
  if (due.length <= max) return due;
  // Going back counts times otherwise than going forward where the clocks are set: some come twice, some fall together.
  for (let count = max; ; count *= 2) {
    const fromMs = Math.max(afterMs, (walker.back(count, untilMs) ?? afterMs) - 1);
    const newest = walk(walker, fromMs, untilMs, 2 * count).slice(-max);
    if (newest.length === max || fromMs === afterMs) return newest;
  }
};

function walk(walker: Walker, afterMs: number, untilMs: number, max: number): number[] {
  const due: number[] = [];
  for (let at = walker.next(afterMs); at !== null && at <= untilMs && due.length < max; at = walker.next(at))
    due.push(at);
  return due;
}

function openSchedule({ cron, timeZone }: CronSchedule): Walker {
  return namesHours(cron)
    ? byTheWall(cron, timeZone)
    : byTheHour(new Cron(cron, { timezone: timeZone, paused: true }));
}

/** Fields are seconds, which may be left out, minutes, hours, days, months and days of the week. */
function namesHours(cron: string): boolean {
  const fields = cron.trim().split(/\s+/);
  const hours = fields[fields.length === 5 ? 1 : 2];
  return hours !== undefined && !/^[*?]/.test(hours);
}

function byTheHour(cron: Cron): Walker {
  return {
    next: (afterMs) => nextOf(cron, afterMs),
    back: (count, untilMs) => countBack(cron, count, untilMs),
  };
}

/** Times of day are looked for on a clock that nobody sets, and only then on that of the zone. */
function byTheWall(expression: string, timeZone: string): Walker {
  const cron = new Cron(expression, { timezone: "UTC", paused: true });
  return {
    next(afterMs) {
      for (
        let wallMs = nextOf(cron, toWall(timeZone, afterMs));
        wallMs !== null;
        wallMs = nextOf(cron, wallMs)
      ) {
        const atMs = fromWall(timeZone, wallMs);
        if (atMs > afterMs) return atMs;
      }
      return null;
    },
    back(count, untilMs) {
      const wallMs = countBack(cron, count, toWall(timeZone, untilMs));
      return wallMs === null ? null : fromWall(timeZone, wallMs);
    },
  };
}

function nextOf(cron: Cron, afterMs: number): number | null {
  return cron.nextRun(new Date(afterMs))?.getTime() ?? null;
}

function countBack(cron: Cron, count: number, untilMs: number): number | null {
  return (
    cron
      .previousRuns(count, new Date(untilMs + 1))
      .at(-1)
      ?.getTime() ?? null
  );
}

/** What is wrong with a cron expression or a time zone, as a sentence; null when both mean something. */
export function scheduleFault(cron: string, timeZone: string): string | null {
  try {
    nextOccurrence({ cron, timeZone }, 0);
    return null;
  } catch (error) {
    return inOurWords(error instanceof Error ? error.message : String(error));
  }
}

/** The parser's sentence without the name of its class and its full stop: it goes on one of ours. */
function inOurWords(message: string): string {
  const sentence = message.replace(/^Cron\w*: /, "").replace(/\.$/, "");
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
