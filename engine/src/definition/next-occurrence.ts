import { Cron } from "croner";
import type { NextOccurrence } from "../core/flow.ts";

/**
 * The next time of a schedule strictly after a time, in ms since 1970; null when there is none. Where the clocks go back a time that comes
 * twice is served once; where they go forward a time that is left out is served at the end of the gap.
 * @throws Error when the expression or the time zone means nothing; `checkFlow` says so at load
 */
export const nextOccurrence: NextOccurrence = ({ cron, timeZone }, afterMs) =>
  new Cron(cron, { timezone: timeZone, paused: true }).nextRun(new Date(afterMs))?.getTime() ?? null;

/** What is wrong with a cron expression or a time zone, as a sentence; null when both mean something. */
export function scheduleFault(cron: string, timeZone: string): string | null {
  try {
    nextOccurrence({ cron, timeZone }, 0);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
