/** `sluice engine`: a replica. */
import type { Command } from "commander";
import { addCommand, addJsonOption } from "../command.ts";
import type { Run } from "../command.ts";
import { addEngineOptions, addProcessOptions, addServerOptions } from "../up/flags.ts";
import type { UpOptions } from "../up/options.ts";

export function addEngineCommand(program: Command, run: Run): void {
  const command = addCommand(program, "engine [app]", {
    summary: "start an engine for an app on a database that is there: one replica of several",
    more:
      "Replicas share the lanes of the deployment; they may join, leave and die at any time, and `GET /v1/lanes` shows who has what.\n" +
      "APP and all options are those of `sluice up`, which does the same and brings a database where none is named.",
    examples: [
      ["engine src/app.ts --database-url postgres://user@db/shop", "a replica on port 7070"],
      ["engine src/app.ts --config engine.yaml --port 7071", "another, with what it needs in a file"],
    ],
  });
  addServerOptions(command);
  command.option("--database-url <url>", "the Postgres of the deployment (SLUICE_DATABASE_URL)");
  addEngineOptions(command);
  addProcessOptions(command);
  addJsonOption(command, "log JSON lines on a terminal too, and no table (SLUICE_UP_JSON)").action(
    run(async (cli, file: string | undefined, flags: UpOptions) =>
      (await import("../up/up.ts")).up(cli, file, { ...flags, isReplica: true }),
    ),
  );
}
