import { nameId } from "../../runtime/clock.ts";
import type { CommitLog } from "./commit-log.ts";
import type { FinishedRuns } from "./finished-run.ts";
import { dueTimes } from "./flow-palette.ts";
import type { GeneratedFlow } from "./generate-flow.ts";
import type { Report } from "./violation.ts";

/** I6: each due time since a schedule was first looked at has its run. That it has only one follows from the id of the run. */
export function checkSchedules(
  flows: readonly GeneratedFlow[],
  ports: {
    readonly runs: FinishedRuns;
    readonly log: CommitLog;
    /** Until when every schedule must have been served. */
    readonly servedUntilMs: number;
    readonly report: Report;
  },
): void {
  const { runs, log, servedUntilMs, report } = ports;
  for (const { name } of flows.filter(({ isScheduled }) => isScheduled)) {
    const sinceMs = log.scheduledSinceMs.get(name) ?? Number.POSITIVE_INFINITY;
    for (const atMs of dueTimes().filter((each) => each > sinceMs && each <= servedUntilMs)) {
      const key = `schedule:${new Date(atMs).toISOString()}`;
      if (!runs.has(nameId(`key\n${name}\n${key}`))) report("I6", `the run of ${name} with key ${key} was due and is missing`);
    }
  }
}
