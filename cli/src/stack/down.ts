/** `sluice stack down`: ends what runs in a data directory, whoever has started it. */
import { stopStack } from "@sluice/host/stack";
import { printJson } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { withProgress } from "../progress.ts";
import { stackOptionsOf } from "./flags.ts";
import type { StackFlags } from "./flags.ts";

export async function stackDown(cli: Cli, flags: StackFlags): Promise<ExitCode> {
  const options = stackOptionsOf(flags, cli);
  const stopped = await withProgress(cli, "stopping", () => stopStack(options));
  if (flags.json === true) printJson(cli, { directory: options.dataDirectory, stopped });
  else if (stopped.length === 0) cli.stdout.write(`nothing ran in ${options.dataDirectory}\n`);
  else cli.stdout.write(`stopped ${stopped.join(", ")}\n`);
  return EXIT.ok;
}
