/** `sluice bench transports`: the same flow over each transport, and what is made of that. */
import type { Cli } from "../../cli.ts";
import type { ExitCode } from "../../exit-codes.ts";
import type { BenchParts } from "../bench-run.ts";
import { compareResults, comparisonText } from "../compare.ts";
import { TRANSPORT_KINDS } from "../participants/participant-kind.ts";
import { SECONDS_DEFAULT, runBench, toMeasured } from "../run-bench.ts";
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
  const isProfiled = flags.profile === true;
  const plan = {
    transports: flags.transports ?? TRANSPORT_KINDS,
    inFlight: flags.inFlight ?? (isProfiled ? IN_FLIGHT_PROFILED : IN_FLIGHT_DEFAULT),
    isProfiled,
  };
  return runBench<TransportsResult>(cli, flags, {
    form: TRANSPORTS_FORM,
    database: { isProfiled },
    seconds: flags.seconds ?? SECONDS_DEFAULT,
    warmUpSeconds: WARM_UP_SECONDS,
    measure: async (parts) => toTransportsResult(parts, await measureTransports(parts, plan, cli.env)),
    text: transportsText,
    compare: compareResults,
    comparisonText,
  });
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
