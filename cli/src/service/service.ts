/** What `sluice service` does: open one service of an app, take commands, say where it is, and wait for a signal. */
import { createLog } from "@sluice/host/log";
import { createStopper } from "@sluice/host/stop";
import { loadApp } from "../up/app-file.ts";
import { styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { withConfigFile } from "../config-file.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { renderPairs } from "../table.ts";
import { requireService } from "./find-service.ts";
import { resolveServiceOptions } from "./options.ts";
import type { ServiceFlags } from "./options.ts";
import { startService } from "./start-service.ts";

/** Resolves only when it could not start: after a signal the stopper ends the process. */
export async function serveService(
  given: Cli,
  name: string,
  file: string | undefined,
  flags: ServiceFlags,
): Promise<ExitCode> {
  const startedAtMs = performance.now();
  const cli = await withConfigFile(given, flags.config);
  const options = resolveServiceOptions(flags, cli.env);
  const log = createLog({ level: options.logLevel, pretty: !options.isJson });
  const service = requireService(await loadApp(file, cli.directory), name);

  const stopper = createStopper({ log });
  stopper.attach();
  try {
    const links = await startService({ service, options, log, stopper, env: cli.env });
    const readyMs = Math.round(performance.now() - startedAtMs);
    if (options.isJson) log.info({ service: name, readyMs, links: Object.fromEntries(links) }, "ready");
    else {
      const style = styleOf(cli);
      const ready = style.good(style.bold(`${name} is ready in ${readyMs} ms`));
      cli.stdout.write(`\n${renderPairs(links, style)}\n${ready}; Ctrl-C stops\n\n`);
    }
    return await new Promise<never>(() => {});
  } catch (error) {
    // A signal has begun to stop us: its handler ends the process when everything has stopped.
    const isStopping = stopper.signal.aborted;
    const isClean = await stopper.stop("a failure");
    if (!isStopping) throw error;
    return isClean ? EXIT.ok : EXIT.failed;
  }
}
