import { nameId } from "../../runtime/clock.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { CommitLog } from "./commit-log.ts";
import { dueTimes } from "./flow-palette.ts";
import type { GeneratedFlow } from "./generate-flow.ts";

/**
 * Schedules that are not over, and runs that were due since their schedule was first looked at and have not begun. That each begins only
 * once follows from its id.
 */
export function scheduleUnrest(
  flows: readonly GeneratedFlow[],
  { database, log }: { readonly database: MemoryDatabase; readonly log: CommitLog },
): readonly string[] {
  const nowMs = database.nowMs();
  return flows
    .filter(({ isScheduled }) => isScheduled)
    .flatMap(({ name }) => {
      const sinceMs = log.scheduledSinceMs.get(name) ?? nowMs;
      return dueTimes()
        .filter((atMs) => atMs > sinceMs)
        .map((atMs) => `schedule:${new Date(atMs).toISOString()}`)
        .filter((key) => !database.runs.has(nameId(`key\n${name}\n${key}`)))
        .map((key) => `the run of ${name} has not begun: ${key}`);
    });
}
