/** What `sluice up` does: start everything, say where it is, and wait for a signal or a failure. */
import { createLog } from "@sluice/host/log";
import type { ProcessLog } from "@sluice/host/log";
import { listenTo, unreadVariables } from "@sluice/host/options";
import { createStopper } from "@sluice/host/stop";
import { styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { withConfigFile } from "../config-file.ts";
import type { ResolvedDatabaseOptions } from "../database/options.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { renderPairs } from "../table.ts";
import { loadApp } from "./app-file.ts";
import { checkAppFlows } from "./app-flows.ts";
import { linksOf } from "./links.ts";
import { resolveUpOptions, variablesOfUp } from "./options.ts";
import type { UpOptions } from "./options.ts";
import { startServer } from "./start-server.ts";
import type { RunningServer } from "./start-server.ts";

/** Resolves only when something went wrong: after a signal the stopper ends the process. */
export async function up(given: Cli, file: string | undefined, flags: UpOptions): Promise<ExitCode> {
  const startedAtMs = performance.now();
  const cli = await withConfigFile(given, flags.config);
  const { env, asked } = listenTo(cli.env);
  const options = resolveUpOptions(flags, env, cli.directory);
  if (flags.isReplica === true) requireUrl(options.database);
  const log = createLog({ level: options.logLevel, pretty: !options.isJson });
  const app = await loadApp(file, cli.directory);
  checkAppFlows(app, log);

  const stopper = createStopper({ log });
  stopper.attach();
  const failure = Promise.withResolvers<never>();
  // It may fail before it is waited for.
  failure.promise.catch(() => {});
  try {
    const server = await startServer({
      app,
      options,
      log,
      stopper,
      env,
      onOpen: () => warnOfUnread(cli, asked, log),
      onFailure: failure.reject,
    });
    announce(cli, server, { isJson: options.isJson, log, tookMs: performance.now() - startedAtMs });
    return await failure.promise;
  } catch (error) {
    // A signal has begun to stop us: its handler ends the process when everything has stopped.
    const isStopping = stopper.signal.aborted;
    const isClean = await stopper.stop("a failure");
    if (!isStopping) throw error;
    return isClean ? EXIT.ok : EXIT.failed;
  }
}

/** A replica that made a database of its own would be a deployment of its own. @throws CLI_NO_DATABASE (missing) */
function requireUrl({ url }: ResolvedDatabaseOptions): void {
  if (url !== undefined) return;
  throw cliError(
    "CLI_NO_DATABASE",
    "an engine joins a database that is there, and none was named; set --database-url or SLUICE_DATABASE_URL, or use `sluice up`, which brings its own",
  );
}

/** What is read before there are options, and what the other commands read: it may well be set where this one runs. */
const OF_OTHERS = ["SLUICE_CONFIG", "SLUICE_URL", "SLUICE_API_KEY", "SLUICE_BY"];

/** A misspelled variable does nothing, which its user finds out late: so it is told at each start. */
function warnOfUnread(cli: Cli, asked: ReadonlySet<string>, log: Pick<ProcessLog, "warn">): void {
  const known = new Set([...variablesOfUp(cli.directory), ...asked, ...OF_OTHERS]);
  for (const { variable, meant } of unreadVariables(cli.env, known)) {
    const hint = meant === null ? "" : `; did you mean ${meant}?`;
    log.warn({ variable }, `nobody reads the variable ${variable}${hint}`);
  }
}

interface Announcement {
  readonly isJson: boolean;
  readonly log: ProcessLog;
  readonly tookMs: number;
}

function announce(cli: Cli, server: RunningServer, { isJson, log, tookMs }: Announcement): void {
  const readyMs = Math.round(tookMs);
  const links = linksOf(server);
  if (isJson) {
    log.info({ readyMs, links: Object.fromEntries(links) }, "ready");
    return;
  }
  const style = styleOf(cli);
  const ready = style.good(style.bold(`ready in ${readyMs} ms`));
  cli.stdout.write(`\n${renderPairs(links, style)}\n${ready}; Ctrl-C stops\n\n`);
}
