/** `sluice bench engine`: which cases it measures, and what it makes of them. */
import type { Cli } from "../cli.ts";
import type { ExitCode } from "../exit-codes.ts";
import { measureCases } from "./bench-run.ts";
import type { BenchParts, Found } from "./bench-run.ts";
import { compareResults, comparisonText } from "./compare.ts";
import { checkFlags } from "./flags.ts";
import type { BenchFlags } from "./flags.ts";
import { judgeGoals } from "./goals.ts";
import { AGAINST_CASES, measureAgainst, requirePeer } from "./peer/against.ts";
import { USUAL_CASES, isWish, planCases } from "./plan.ts";
import { PROFILED_CASE, measureProfile } from "./profile/profile.ts";
import { reportText } from "./report.ts";
import { RESULT_KIND } from "./result.ts";
import type { BenchResult } from "./result.ts";
import { ENGINE_FORM } from "./result-file.ts";
import { SECONDS_DEFAULT, WARM_UP_SECONDS, runBench, toMeasured } from "./run-bench.ts";
import { STORED_CASES, measureStored } from "./stored/measure-stored.ts";

export async function bench(cli: Cli, flags: BenchFlags): Promise<ExitCode> {
  checkFlags(flags);
  if (flags.against !== undefined) requirePeer(flags.against);
  return runBench<BenchResult>(cli, flags, {
    form: ENGINE_FORM,
    database: { url: flags.databaseUrl, isProfiled: flags.profile === true },
    seconds: flags.seconds ?? SECONDS_DEFAULT,
    warmUpSeconds: WARM_UP_SECONDS,
    measure: async (parts) => toResult(parts, await measure(parts, flags)),
    text: reportText,
    compare: compareResults,
    comparisonText,
  });
}

function measure(parts: BenchParts, flags: BenchFlags): Promise<Found> {
  const wished = isWish(flags) ? planCases(flags) : null;
  if (flags.profile === true) return measureProfile(parts, wished?.[0] ?? PROFILED_CASE);
  if (flags.stored !== undefined) return measureStored(parts, flags.stored, wished ?? STORED_CASES);
  if (flags.against !== undefined) return measureAgainst(parts, flags.against, wished ?? AGAINST_CASES);
  return measureCases(parts, wished ?? USUAL_CASES);
}

function toResult(parts: BenchParts, found: Found): BenchResult {
  return {
    kind: RESULT_KIND,
    goals: judgeGoals(found.rows),
    ...toMeasured(parts, found),
  };
}
