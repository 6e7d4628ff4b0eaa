/** `sluice stack install`: everything that servers need, before they are needed. */
import { hasCode } from "@sluice/contracts/problem";
import { installServer } from "@sluice/host/stack";
import type { ServerName, Skipped } from "@sluice/host/stack";
import { messageOf } from "../arguments.ts";
import { printJson, throwIfInterrupted } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { stackOptionsOf } from "./flags.ts";
import type { InstallFlags } from "./flags.ts";
import { createVoice } from "./voice.ts";

export async function stackInstall(
  cli: Cli,
  names: readonly ServerName[],
  flags: InstallFlags,
): Promise<ExitCode> {
  const { machine } = stackOptionsOf(flags, cli);
  const signal = cli.interruption();
  const { progress } = createVoice(cli, flags.json === true, signal);
  const installed: ServerName[] = [];
  const skipped: Skipped[] = [];
  for (const name of names) {
    try {
      await installServer(name, { machine, progress });
      installed.push(name);
      progress.say(`${name} is installed`);
    } catch (error) {
      throwIfInterrupted(signal);
      if (flags.skipMissing !== true || !isMissing(error)) throw error;
      const reason = messageOf(error).replaceAll("\n", "; ");
      skipped.push({ name, reason });
      progress.say(`skipped ${name}: ${reason}`);
    }
  }
  if (flags.json === true) printJson(cli, { installed, skipped });
  return EXIT.ok;
}

function isMissing(error: unknown): boolean {
  return hasCode(error, "HOST_SERVER_MISSING") || hasCode(error, "HOST_SERVER_INSTALL_FAILED");
}
