/** The oracle: holds what is left of a round to the invariants. Pure, so that it can be shown to fail. */
import type { EngineOptions } from "@sluice/engine";
import { resolveEngineOptions } from "@sluice/engine";
import { checkCallers, checkStored, finishRun } from "@sluice/engine/random-flows";
import type { CallerLedger, FinishedRun, GeneratedFlow, Violation } from "@sluice/engine/random-flows";
import { compileFlows } from "../storm-flows.ts";
import { checkEffects } from "./check-effects.ts";
import { checkLanes } from "./check-lanes.ts";
import { checkOrigins } from "./check-origins.ts";
import type { OperatedRun } from "./check-origins.ts";
import type { Witnessed } from "./witnessed.ts";

export interface Expectations {
  readonly seed: number;
  readonly flows: readonly GeneratedFlow[];
  readonly options: EngineOptions;
  readonly ledger: CallerLedger;
  /** What operators did to runs, as they were told. @default nothing */
  readonly operations?: readonly OperatedRun[];
  /** Channels behind a broker. @default none */
  readonly brokered?: ReadonlySet<string> | undefined;
}

/** At the most as many as `violationsMax`. */
export function findBreaches(
  witnessed: Witnessed,
  { seed, flows, options, ledger, operations = [], brokered }: Expectations,
  violationsMax = 50,
): readonly Violation[] {
  const found: Violation[] = [];
  const report = (promise: Violation["promise"], message: string): void => {
    if (found.length < violationsMax) found.push({ promise, message });
  };
  const limits = resolveEngineOptions(options);
  const compiled = compileFlows(flows);
  const runs = new Map<string, FinishedRun>(
    witnessed.histories.map((history) => [history.run.runId, finishRun(history, compiled, limits)]),
  );
  checkStored({ runs, letters: witnessed.letters, generated: flows, limits, report });
  checkEffects(runs, { ...witnessed, brokered }, report);
  checkLanes(witnessed.laneSteps, witnessed.strays, report);
  checkCallers(ledger, { runs, limits, report });
  checkOrigins(runs, { seed, ledger, operations, owed: witnessed.owed, report });
  return found;
}
