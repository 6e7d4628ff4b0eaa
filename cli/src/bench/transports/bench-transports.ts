/** `sluice bench transports`: the same flow over each transport, and what people and scripts get to see of it. */
import { printJson, styleOf } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import { EXIT } from "../../exit-codes.ts";
import type { ExitCode } from "../../exit-codes.ts";
import type { BenchParts } from "../bench-run.ts";
import { SECONDS_DEFAULT, toMeasured } from "../bench.ts";
import { compareResults, comparisonText } from "../compare.ts";
import { withBenchDatabase } from "../database/bench-database.ts";
import { TRANSPORT_KINDS } from "../participants/participant-kind.ts";
import { readResult } from "../result-file.ts";
import { IN_FLIGHT_DEFAULT, IN_FLIGHT_PROFILED } from "./cases.ts";
import { checkTransportsFlags } from "./flags.ts";
import type { TransportsFlags } from "./flags.ts";
import { judgeTransportGoals } from "./goals.ts";
import { measureTransports } from "./measure-transports.ts";
import type { TransportsFound } from "./measure-transports.ts";
import { transportsText } from "./report.ts";
import { TRANSPORTS_FORM, TRANSPORTS_KIND } from "./result.ts";
import type { TransportsResult } from "./result.ts";

/**
 * Before each figure, and the same for all, since they are compared: processes that have just been started, the broker's above all, use twice the
 * CPU time until what they do is compiled.
 */
const WARM_UP_SECONDS = 4;

export async function benchTransports(cli: Cli, flags: TransportsFlags): Promise<ExitCode> {
  checkTransportsFlags(flags);
  // Before the minutes of measuring, for it may be the wrong file.
  const then =
    flags.compare === undefined ? null : await readResult(flags.compare, cli.directory, TRANSPORTS_FORM);
  const isProfiled = flags.profile === true;
  const signal = cli.interruption();
  const result = await withBenchDatabase({ isProfiled }, async (database) => {
    const parts: BenchParts = {
      database,
      seconds: flags.seconds ?? SECONDS_DEFAULT,
      warmUpSeconds: WARM_UP_SECONDS,
      signal,
      progress: (what) => cli.stderr.write(`${what}\n`),
    };
    const plan = {
      transports: flags.transports ?? TRANSPORT_KINDS,
      inFlight: flags.inFlight ?? (isProfiled ? IN_FLIGHT_PROFILED : IN_FLIGHT_DEFAULT),
      isProfiled,
    };
    return toTransportsResult(parts, await measureTransports(parts, plan, cli.env));
  });
  print(cli, flags, result, then);
  if (result.isInterrupted) return EXIT.interrupted;
  return result.findings.length === 0 ? EXIT.ok : EXIT.failed;
}

export function toTransportsResult(
  parts: BenchParts,
  { clients, ...found }: TransportsFound,
): TransportsResult {
  return {
    kind: TRANSPORTS_KIND,
    clients,
    goals: judgeTransportGoals(found.rows),
    ...toMeasured(parts, found),
  };
}

function print(
  cli: Cli,
  { json, compare = "" }: TransportsFlags,
  result: TransportsResult,
  then: TransportsResult | null,
): void {
  if (json === true) {
    printJson(cli, then === null ? result : { ...result, comparison: compareResults(then, result) });
    return;
  }
  cli.stdout.write(transportsText(cli, result));
  if (then !== null) cli.stdout.write(`\n${comparisonText(then, result, compare, styleOf(cli))}`);
}
