/** What `sluice bench transports` was asked for. */
import type { JsonOption } from "../../command.ts";
import { cliError } from "../../errors.ts";
import type { TransportKind } from "../participants/participant-kind.ts";

export interface TransportsFlags extends JsonOption {
  readonly transports?: readonly TransportKind[];
  readonly inFlight?: readonly number[];
  readonly seconds?: number;
  readonly profile?: boolean;
  readonly compare?: string;
}

/** @throws CLI_BAD_ARGUMENT (invalid) when the flags do not go together */
export function checkTransportsFlags(
  { profile, transports = [], inFlight = [] }: TransportsFlags,
  platform: NodeJS.Platform = process.platform,
): void {
  if (profile !== true) return;
  if (platform !== "linux") throw bad("--profile looks into the processes of the case, on Linux");
  if (transports.length !== 1 || inFlight.length > 1)
    throw bad("--profile takes one case: name one of --transports, and at most one value for --in-flight");
}

function bad(message: string): Error {
  return cliError("CLI_BAD_ARGUMENT", message);
}
