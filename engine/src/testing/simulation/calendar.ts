/**
 * When virtual time begins, and when schedules are due around then. The due times are written down from the calendar, by hand: who judges by
 * them shares nothing with what the engine reckons. They are complete from AWAY_HOURS before a beginning until an hour after it.
 */

/** How long a deployment may have been off before virtual time begins. */
export const AWAY_HOURS = [1, 26, 60] as const;

export interface DatedSchedule {
  readonly cron: string;
  /** @default "UTC" */
  readonly timeZone?: string;
  /** ISO 8601, in order. */
  readonly due: readonly string[];
}

export interface Beginning {
  readonly at: string;
  readonly schedules: readonly DatedSchedule[];
}

export const BEGINNINGS: readonly Beginning[] = [
  {
    at: "2026-06-01T00:00:00Z",
    schedules: [
      {
        cron: "1,2,3 0 0 1 6 *",
        due: ["2026-06-01T00:00:01.000Z", "2026-06-01T00:00:02.000Z", "2026-06-01T00:00:03.000Z"],
      },
      {
        cron: "2 0 2 * * *",
        timeZone: "Europe/Berlin",
        due: ["2026-05-30T00:00:02.000Z", "2026-05-31T00:00:02.000Z", "2026-06-01T00:00:02.000Z"],
      },
      {
        cron: "1 30 5 * * *",
        timeZone: "Asia/Kolkata",
        due: ["2026-05-30T00:00:01.000Z", "2026-05-31T00:00:01.000Z", "2026-06-01T00:00:01.000Z"],
      },
    ],
  },
  // Two seconds before the clocks of Berlin go from 02:00 to 03:00.
  {
    at: "2026-03-29T00:59:58Z",
    schedules: [
      {
        cron: "0 30 2 * * *",
        timeZone: "Europe/Berlin",
        due: ["2026-03-27T01:30:00.000Z", "2026-03-28T01:30:00.000Z", "2026-03-29T01:00:00.000Z"],
      },
      {
        cron: "0 0 1 * * *",
        due: ["2026-03-27T01:00:00.000Z", "2026-03-28T01:00:00.000Z", "2026-03-29T01:00:00.000Z"],
      },
    ],
  },
  // The day after, at 02:30 of a summer's clock.
  {
    at: "2026-03-30T00:30:00Z",
    schedules: [
      {
        cron: "1 30 2 * * *",
        timeZone: "Europe/Berlin",
        due: ["2026-03-28T01:30:01.000Z", "2026-03-29T01:00:00.000Z", "2026-03-30T00:30:01.000Z"],
      },
    ],
  },
  // In Berlin it is 02:30 for the second time in this night.
  {
    at: "2026-10-25T01:30:00Z",
    schedules: [
      {
        cron: "2 30 2 * * *",
        timeZone: "Europe/Berlin",
        due: ["2026-10-23T00:30:02.000Z", "2026-10-24T00:30:02.000Z", "2026-10-25T00:30:02.000Z"],
      },
      {
        cron: "1,3 30 1 25 * *",
        due: ["2026-10-25T01:30:01.000Z", "2026-10-25T01:30:03.000Z"],
      },
    ],
  },
  // In New York it was 01:30 twice the night before; in Berlin nothing happened.
  {
    at: "2026-11-02T06:30:00Z",
    schedules: [
      {
        cron: "3 30 1 * * *",
        timeZone: "America/New_York",
        due: ["2026-10-31T05:30:03.000Z", "2026-11-01T05:30:03.000Z", "2026-11-02T06:30:03.000Z"],
      },
      {
        cron: "1 30 7 * * *",
        timeZone: "Europe/Berlin",
        due: ["2026-10-31T06:30:01.000Z", "2026-11-01T06:30:01.000Z", "2026-11-02T06:30:01.000Z"],
      },
    ],
  },
];
