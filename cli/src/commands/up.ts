/** `sluice up`: everything in one process. */
import type { Command } from "commander";
import { addCommand, addJsonOption } from "../command.ts";
import type { Run } from "../command.ts";
import { addDatabaseOptions } from "../database/flags.ts";
import { addEngineOptions, addProcessOptions, addServerOptions } from "../up/flags.ts";
import type { UpOptions } from "../up/options.ts";

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
  addServerOptions(command);
  addDatabaseOptions(command);
  addEngineOptions(command);
  addProcessOptions(command);
  addJsonOption(command, "log JSON lines on a terminal too, and no table (SLUICE_UP_JSON)").action(
    // Loaded when it is needed: the other commands start without a database driver and a server.
    run(async (cli, file: string | undefined, flags: UpOptions) =>
      (await import("../up/up.ts")).up(cli, file, flags),
    ),
  );
}
