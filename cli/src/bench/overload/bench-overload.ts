/** `sluice bench overload`: capacity and what comes after it, and what people and scripts get to see of it. */
import { printJson, styleOf } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import type { JsonOption } from "../../command.ts";
import { EXIT } from "../../exit-codes.ts";
import type { ExitCode } from "../../exit-codes.ts";
import { NOTHING_FOUND } from "../bench-run.ts";
import type { BenchParts } from "../bench-run.ts";
import { WARM_UP_SECONDS, toMeasured } from "../bench.ts";
import { withBenchDatabase } from "../database/bench-database.ts";
import { readResult } from "../result-file.ts";
import { compareOverload, overloadComparisonText } from "./compare.ts";
import { judgeOverload } from "./goals.ts";
import { USUAL_PLAN, measureOverload } from "./measure-overload.ts";
import type { OverloadFound, OverloadPlan } from "./measure-overload.ts";
import { USUAL_STALLED_RUNS, measureStalled } from "./measure-stalled.ts";
import type { StalledFound } from "./measure-stalled.ts";
import { overloadText } from "./report.ts";
import { OVERLOAD_FORM, OVERLOAD_KIND } from "./result.ts";
import type { OverloadResult } from "./result.ts";

export interface OverloadFlags extends JsonOption {
  readonly seconds?: number;
  readonly minutes?: number;
  readonly databaseUrl?: string;
  readonly compare?: string;
}

export async function benchOverload(cli: Cli, flags: OverloadFlags): Promise<ExitCode> {
  // Before the minutes of measuring, for it may be the wrong file.
  const then =
    flags.compare === undefined ? null : await readResult(flags.compare, cli.directory, OVERLOAD_FORM);
  const plan = planOf(flags);
  const { seconds } = plan;
  const signal = cli.interruption();
  const result = await withBenchDatabase({ url: flags.databaseUrl }, async (database) => {
    const parts: BenchParts = {
      database,
      seconds,
      warmUpSeconds: WARM_UP_SECONDS,
      signal,
      progress: (what) => cli.stderr.write(`${what}\n`),
    };
    const stalled = await measureStalled({
      ...parts,
      seconds: plan.searchSeconds,
      stalledRuns: USUAL_STALLED_RUNS,
    });
    const overload = await measureOverload(parts, plan);
    return toOverloadResult(parts, overload, stalled);
  });
  print(cli, flags, result, then);
  if (result.isInterrupted) return EXIT.interrupted;
  return result.findings.length === 0 ? EXIT.ok : EXIT.failed;
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

function print(
  cli: Cli,
  { json, compare = "" }: OverloadFlags,
  result: OverloadResult,
  then: OverloadResult | null,
): void {
  if (json === true) {
    printJson(cli, then === null ? result : { ...result, comparison: compareOverload(then, result) });
    return;
  }
  cli.stdout.write(overloadText(cli, result));
  if (then !== null) cli.stdout.write(`\n${overloadComparisonText(then, result, compare, styleOf(cli))}`);
}
