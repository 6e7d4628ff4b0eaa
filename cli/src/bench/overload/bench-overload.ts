/** `sluice bench overload`: capacity and what comes after it, and what is made of that. */
import type { Cli } from "../../cli.ts";
import type { ExitCode } from "../../exit-codes.ts";
import { NOTHING_FOUND } from "../bench-run.ts";
import type { BenchParts } from "../bench-run.ts";
import { WARM_UP_SECONDS, runBench, toMeasured } from "../run-bench.ts";
import type { RunBenchFlags } from "../run-bench.ts";
import { compareOverload, overloadComparisonText } from "./compare.ts";
import { judgeOverload } from "./goals.ts";
import { USUAL_PLAN, measureOverload } from "./measure-overload.ts";
import type { OverloadFound, OverloadPlan } from "./measure-overload.ts";
import { USUAL_STALLED_RUNS, measureStalled } from "./measure-stalled.ts";
import type { StalledFound } from "./measure-stalled.ts";
import { overloadText } from "./report.ts";
import { OVERLOAD_FORM, OVERLOAD_KIND } from "./result.ts";
import type { OverloadResult } from "./result.ts";

export interface OverloadFlags extends RunBenchFlags {
  readonly seconds?: number;
  readonly minutes?: number;
  readonly databaseUrl?: string;
}

export async function benchOverload(cli: Cli, flags: OverloadFlags): Promise<ExitCode> {
  const plan = planOf(flags);
  return runBench<OverloadResult>(cli, flags, {
    form: OVERLOAD_FORM,
    database: { url: flags.databaseUrl },
    seconds: plan.seconds,
    warmUpSeconds: WARM_UP_SECONDS,
    async measure(parts) {
      const seconds = plan.searchSeconds;
      const stalled = await measureStalled({ ...parts, seconds, stalledRuns: USUAL_STALLED_RUNS });
      return toOverloadResult(parts, await measureOverload(parts, plan), stalled);
    },
    text: overloadText,
    compare: compareOverload,
    comparisonText: overloadComparisonText,
  });
}

function planOf({ seconds = USUAL_PLAN.seconds, minutes }: OverloadFlags): OverloadPlan {
  return {
    ...USUAL_PLAN,
    seconds,
    searchSeconds: Math.min(USUAL_PLAN.searchSeconds, seconds),
    longSeconds: minutes === undefined ? null : 60 * minutes,
  };
}

export function toOverloadResult(
  parts: BenchParts,
  overload: OverloadFound,
  { stalled, auditedRuns, findings }: StalledFound,
): OverloadResult {
  const { rows: _rows, profile: _profile, ...measured } = toMeasured(parts, NOTHING_FOUND);
  return {
    ...measured,
    kind: OVERLOAD_KIND,
    ...overload,
    stalled,
    goals: judgeOverload({ ...overload, stalled }),
    auditedRuns: overload.auditedRuns + auditedRuns,
    findings: [...overload.findings, ...findings],
  };
}
