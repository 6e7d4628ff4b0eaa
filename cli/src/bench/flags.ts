/** What `sluice bench engine` was asked for. */
import type { JsonOption } from "../command.ts";
import { cliError } from "../errors.ts";
import type { PeerName } from "./peer/peer-config.ts";
import { planCases } from "./plan.ts";
import type { PlanWish } from "./plan.ts";

export interface BenchFlags extends JsonOption, PlanWish {
  readonly stored?: readonly number[];
  readonly against?: PeerName;
  readonly profile?: boolean;
  readonly seconds?: number;
  readonly databaseUrl?: string;
  readonly compare?: string;
}

/** @throws CLI_BAD_ARGUMENT (invalid) when the flags do not go together */
export function checkFlags(flags: BenchFlags, platform: NodeJS.Platform = process.platform): void {
  const modes = (["stored", "against", "profile"] as const).filter((name) => flags[name] !== undefined);
  if (modes.length > 1)
    throw bad(
      `--${modes.join(" and --")} were given, expected one of them: each measures in a way of its own`,
    );
  const cases = planCases(flags);
  if (cases.length === 0)
    throw bad(
      "no case is left to measure: purchases are started through the library, so --door must name it",
    );
  if (flags.profile !== true) return;
  if (flags.databaseUrl !== undefined || platform !== "linux")
    throw bad(
      "--profile looks into the processes of an embedded Postgres on Linux; leave --database-url away",
    );
  const isNamed = [flags.steps, flags.participants, flags.door, flags.inFlight, flags.all].some(
    (wish) => wish !== undefined,
  );
  if (isNamed && (cases.length !== 1 || cases[0]?.door !== "library"))
    throw bad(
      "--profile takes one case through the library: name one value each for --steps, --participants and --in-flight",
    );
}

function bad(message: string): Error {
  return cliError("CLI_BAD_ARGUMENT", message);
}
