/** `sluice up`: everything in one process. */
import { Option } from "commander";
import type { Command } from "commander";
import type { LogLevel } from "@sluice/host/log";
import { addCommand, addJsonOption } from "../command.ts";
import type { Run } from "../command.ts";
import { addDatabaseOptions } from "../database/flags.ts";
import type { UpOptions } from "../up/options.ts";

const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const satisfies readonly LogLevel[];

export function addUpCommand(program: Command, run: Run): void {
  const command = addCommand(program, "up [app]", {
    summary: "start the database, the engine and an app, in one process",
    more:
      "APP is a module that exports `app`; without one it is app.ts or src/app.ts of this folder. Ctrl-C stops in good order, with exit code 0.\n" +
      "Several of them on one database (--database-url) share its lanes and take over from one another.\n" +
      "Every option has a variable, and the engine and the server have more of them: SLUICE_ENGINE_LEASE_MS=3s and so on.",
    examples: [
      ["up src/app.ts", "with the embedded database, on port 7070"],
      ["up src/app.ts --port 0 --log-level warn", "on any free port"],
      ["up src/app.ts --database-url postgres://user@db/shop", "on a Postgres (14 or newer) of your own"],
    ],
  });
  command
    .option("--host <host>", "the address to listen on (SLUICE_HTTP_HOST; default 127.0.0.1)")
    .option("--port <port>", "the port; 0 takes a free one (SLUICE_HTTP_PORT; default 7070)");
  addDatabaseOptions(command)
    .option(
      "--lanes <number>",
      "lanes of a new deployment, fixed when it is made (SLUICE_ENGINE_LANES; default 16)",
    )
    .option(
      "--retention-days <days>",
      "how long a run is kept after it has ended (SLUICE_ENGINE_RETENTION_DAYS; default: for ever)",
    )
    .option(
      "--address <url>",
      "where other engines reach this one (SLUICE_ENGINE_ADDRESS; default: host and port)",
    )
    .addOption(
      new Option(
        "--keys <when>",
        "whether the API asks for a key: auto does so unless only this machine reaches it (SLUICE_ACCESS_KEYS; default auto)",
      ).choices(["auto", "required"]),
    )
    .addOption(
      new Option(
        "--log-level <level>",
        "the lowest level that is logged (SLUICE_LOG_LEVEL; default info)",
      ).choices([...LOG_LEVELS]),
    );
  addJsonOption(command, "log JSON lines on a terminal too, and no table (SLUICE_UP_JSON)").action(
    // Loaded when it is needed: the other commands start without a database driver and a server.
    run(async (cli, file: string | undefined, flags: UpOptions) =>
      (await import("../up/up.ts")).up(cli, file, flags),
    ),
  );
}
