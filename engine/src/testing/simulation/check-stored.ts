/** What must hold of runs at rest by what is stored of them alone, whatever the store. */
import type { Limits } from "../../core/decision.ts";
import type { DeadLetterRow } from "../../core/ports.ts";
import { checkFamilies, livingChildren } from "./check-families.ts";
import { checkDeadLetters, checkHistory, checkWait } from "./check-runs.ts";
import { checkSteps } from "./check-steps.ts";
import type { FinishedRuns } from "./finished-run.ts";
import type { GeneratedFlow } from "./generate-flow.ts";
import type { Report } from "./violation.ts";

interface StoredCheck {
  readonly runs: FinishedRuns;
  /** All that are stored. */
  readonly letters: readonly DeadLetterRow[];
  readonly generated: readonly GeneratedFlow[];
  readonly limits: Limits;
  readonly report: Report;
}

/** I1 and I3 of every run, and I2 of what was taken back and of runs that started runs. */
export function checkStored({ runs, letters, generated, limits, report }: StoredCheck): void {
  const outside = new Map(generated.map((flow) => [flow.name, new Set(flow.outside)]));
  const living = livingChildren(runs);
  for (const finished of runs.values()) {
    const { run, replay } = finished;
    checkHistory(finished, report);
    checkSteps(run.runId, replay.steps, report);
    checkWait(finished, { living, outside: outside.get(run.flow) ?? new Set(), limits, report });
  }
  checkDeadLetters({ runs, letters, report });
  checkFamilies(runs, report);
}
