import { Cron } from "croner";
import type { ListDueTimes } from "../core/flow.ts";

interface CronSchedule {
  readonly cron: string;
  readonly timeZone: string;
}

/**
 * The next time of a schedule strictly after a time, in ms since 1970; null when there is none. Where the clocks go back a time that comes
 * twice is served once; where they go forward a time that is left out is served at the end of the gap.
 * @throws Error when the expression or the time zone means nothing; `checkFlow` says so at load
 */
export function nextOccurrence(schedule: CronSchedule, afterMs: number): number | null {
  return nextOf(openCron(schedule), afterMs);
}

/** After a long absence the times before the newest `max` are passed over, not gone through: a day of seconds would hold the process for long. */
export const listDueTimes: ListDueTimes = (schedule, { afterMs, untilMs, max }) => {
  const cron = openCron(schedule);
  const due = walk(cron, afterMs, untilMs, max + 1);
  if (due.length <= max) return due;
  const oldest =
    cron
      .previousRuns(max, new Date(untilMs + 1))
      .at(-1)
      ?.getTime() ?? afterMs;
  // A walk back and one forward may differ by a time that comes twice when the clocks go back.
  return walk(cron, Math.max(afterMs, oldest - 1), untilMs, 2 * max).slice(-max);
};

function walk(cron: Cron, afterMs: number, untilMs: number, max: number): number[] {
  const due: number[] = [];
  for (
    let at = nextOf(cron, afterMs);
    at !== null && at <= untilMs && due.length < max;
    at = nextOf(cron, at)
  )
    due.push(at);
  return due;
}

function openCron({ cron, timeZone }: CronSchedule): Cron {
  return new Cron(cron, { timezone: timeZone, paused: true });
}

function nextOf(cron: Cron, afterMs: number): number | null {
  return cron.nextRun(new Date(afterMs))?.getTime() ?? null;
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
