/** What `sluice audit` does: find the database, check it, print what was found. */
import { SILENT_LOG } from "@sluice/host/log";
import { printJson, styleOf, throwIfInterrupted } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { serverUrl } from "../command.ts";
import type { JsonOption, ServerOption } from "../command.ts";
import type { DatabaseFlags } from "../database/flags.ts";
import { openDatabase } from "../database/open-database.ts";
import { appDirectory, resolveDatabaseOptions } from "../database/options.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { withProgress } from "../progress.ts";
import { loadApp } from "../up/app-file.ts";
import { auditApp, auditEngine } from "./audit-database.ts";
import { auditText, toAuditResult } from "./audit-result.ts";
import type { AuditResult } from "./audit-result.ts";

export interface AuditFlags extends DatabaseFlags, JsonOption, ServerOption {
  readonly app?: string;
  readonly quietDatabase?: boolean;
}

export async function audit(cli: Cli, flags: AuditFlags): Promise<ExitCode> {
  const result = await withProgress(cli, "auditing", () => check(cli, flags));
  if (flags.json === true) printJson(cli, result);
  else cli.stdout.write(auditText(result, styleOf(cli)));
  return result.isClean ? EXIT.ok : EXIT.failed;
}

async function check(cli: Cli, flags: AuditFlags): Promise<AuditResult> {
  const stop = cli.interruption();
  const { env, directory } = cli;
  const isQuiet = flags.quietDatabase === true;
  const baseUrl = serverUrl(flags, cli);
  const options = resolveDatabaseOptions(flags, env, directory);
  const app = flags.app === undefined ? undefined : await loadApp(flags.app, directory);
  const { target, close } = await openDatabase(options, SILENT_LOG);
  try {
    throwIfInterrupted(stop);
    const report = await auditEngine(target, isQuiet);
    throwIfInterrupted(stop);
    const laws =
      app === undefined
        ? []
        : await auditApp({ app, target, env, dataDirectory: appDirectory(options), baseUrl, stop });
    return toAuditResult(report, laws, isQuiet);
  } finally {
    await close();
  }
}
