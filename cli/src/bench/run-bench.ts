/** What every `sluice bench` does around its measuring: a former result, a database of its own, and what people and scripts get to see. */
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import type { JsonOption } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { packageVersion } from "../package-version.ts";
import type { Style } from "../style.ts";
import type { BenchParts, Found } from "./bench-run.ts";
import { withBenchDatabase } from "./database/bench-database.ts";
import type { BenchDatabaseOptions } from "./database/bench-database.ts";
import { describeMachine } from "./observe/machine.ts";
import { RESULT_FORMAT } from "./result.ts";
import type { MeasuredResult } from "./result.ts";
import { readResult } from "./result-file.ts";
import type { ResultForm } from "./result-file.ts";

export const SECONDS_DEFAULT = 3;
export const WARM_UP_SECONDS = 1.5;

export interface RunBenchFlags extends JsonOption {
  /** The file of a former result. */
  readonly compare?: string;
}

/** What one benchmark is. */
export interface Bench<Result extends Pick<MeasuredResult, "findings" | "isInterrupted">> extends Pick<
  BenchParts,
  "seconds" | "warmUpSeconds"
> {
  readonly form: ResultForm<Result>;
  readonly database: BenchDatabaseOptions;
  measure(parts: BenchParts): Promise<Result>;
  text(cli: Cli, result: Result): string;
  compare(then: Result, now: Result): object;
  comparisonText(then: Result, now: Result, path: string, style: Style): string;
}

export async function runBench<Result extends Pick<MeasuredResult, "findings" | "isInterrupted">>(
  cli: Cli,
  { json, compare }: RunBenchFlags,
  { form, database: options, seconds, warmUpSeconds, ...bench }: Bench<Result>,
): Promise<ExitCode> {
  // Before the minutes of measuring, for it may be the wrong file.
  const then = compare === undefined ? null : await readResult(compare, cli.directory, form);
  const signal = cli.interruption();
  const progress = (what: string): void => void cli.stderr.write(`${what}\n`);
  const result = await withBenchDatabase(options, (database) =>
    bench.measure({ database, seconds, warmUpSeconds, signal, progress }),
  );
  if (json === true) {
    printJson(cli, then === null ? result : { ...result, comparison: bench.compare(then, result) });
  } else {
    cli.stdout.write(bench.text(cli, result));
    if (then !== null)
      cli.stdout.write(`\n${bench.comparisonText(then, result, compare ?? "", styleOf(cli))}`);
  }
  if (result.isInterrupted) return EXIT.interrupted;
  return result.findings.length === 0 ? EXIT.ok : EXIT.failed;
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
