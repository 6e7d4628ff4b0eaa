/** `sluice bench engine`: a database of its own, the measurement, and what people and scripts get to see of it. */
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { packageVersion } from "../package-version.ts";
import { measureCases } from "./bench-run.ts";
import type { BenchParts, Found } from "./bench-run.ts";
import { compareResults, comparisonText } from "./compare.ts";
import { withBenchDatabase } from "./database/bench-database.ts";
import { checkFlags } from "./flags.ts";
import type { BenchFlags } from "./flags.ts";
import { judgeGoals } from "./goals.ts";
import { describeMachine } from "./observe/machine.ts";
import { AGAINST_CASES, measureAgainst, requirePeer } from "./peer/against.ts";
import { USUAL_CASES, isWish, planCases } from "./plan.ts";
import { PROFILED_CASE, measureProfile } from "./profile/profile.ts";
import { reportText } from "./report.ts";
import { RESULT_FORMAT, RESULT_KIND } from "./result.ts";
import type { BenchResult, MeasuredResult } from "./result.ts";
import { ENGINE_FORM, readResult } from "./result-file.ts";
import { STORED_CASES, measureStored } from "./stored/measure-stored.ts";

export const SECONDS_DEFAULT = 3;
export const WARM_UP_SECONDS = 1.5;

export async function bench(cli: Cli, flags: BenchFlags): Promise<ExitCode> {
  checkFlags(flags);
  // Before the minutes of measuring, for it may be the wrong file.
  const then =
    flags.compare === undefined ? null : await readResult(flags.compare, cli.directory, ENGINE_FORM);
  if (flags.against !== undefined) requirePeer(flags.against);
  const options = { url: flags.databaseUrl, isProfiled: flags.profile === true };
  const signal = cli.interruption();
  const result = await withBenchDatabase(options, async (database) => {
    const parts: BenchParts = {
      database,
      seconds: flags.seconds ?? SECONDS_DEFAULT,
      warmUpSeconds: WARM_UP_SECONDS,
      signal,
      progress: (what) => cli.stderr.write(`${what}\n`),
    };
    return toResult(parts, await measure(parts, flags));
  });
  print(cli, flags, result, then);
  if (result.isInterrupted) return EXIT.interrupted;
  return result.findings.length === 0 ? EXIT.ok : EXIT.failed;
}

function measure(parts: BenchParts, flags: BenchFlags): Promise<Found> {
  const wished = isWish(flags) ? planCases(flags) : null;
  if (flags.profile === true) return measureProfile(parts, wished?.[0] ?? PROFILED_CASE);
  if (flags.stored !== undefined) return measureStored(parts, flags.stored, wished ?? STORED_CASES);
  if (flags.against !== undefined) return measureAgainst(parts, flags.against, wished ?? AGAINST_CASES);
  return measureCases(parts, wished ?? USUAL_CASES);
}

function print(
  cli: Cli,
  { json, compare = "" }: BenchFlags,
  result: BenchResult,
  then: BenchResult | null,
): void {
  if (json === true) {
    printJson(cli, then === null ? result : { ...result, comparison: compareResults(then, result) });
    return;
  }
  cli.stdout.write(reportText(cli, result));
  if (then !== null) cli.stdout.write(`\n${comparisonText(then, result, compare, styleOf(cli))}`);
}

function toResult(parts: BenchParts, found: Found): BenchResult {
  return {
    kind: RESULT_KIND,
    goals: judgeGoals(found.rows),
    ...toMeasured(parts, found),
  };
}

/** What was found, and under which conditions. */
export function toMeasured(
  { database, seconds, signal }: BenchParts,
  found: Found,
): Omit<MeasuredResult, "goals"> {
  const { version, fsyncMs, isInMemory } = database;
  return {
    format: RESULT_FORMAT,
    conditions: {
      sluice: packageVersion(),
      at: new Date().toISOString(),
      machine: describeMachine(),
      postgres: version,
      fsyncMs,
      isInMemory,
      secondsPerFigure: seconds,
      othersCores: averageOf(found.rows.map(({ othersCores }) => othersCores)),
    },
    ...found,
    isInterrupted: signal.aborted,
  };
}

function averageOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
