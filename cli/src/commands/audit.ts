/** `sluice audit`: the invariants on a live database, and the laws of an app. */
import type { Command } from "commander";
import type { AuditFlags } from "../audit/audit.ts";
import { addCommand, addJsonOption, addServerOption } from "../command.ts";
import type { Run } from "../command.ts";
import { addDatabaseOptions } from "../database/flags.ts";

export function addAuditCommand(program: Command, run: Run): void {
  const command = addCommand(program, "audit", {
    summary: "check the invariants on a live database, and the laws of an app",
    more:
      "Works while `sluice up` runs and while it does not: the embedded database is then started for the time of the check.\n" +
      "It changes nothing.",
    examples: [
      ["audit", "of the data directory .sluice/data"],
      ["audit --app src/app.ts", "also the laws of the app"],
      ["audit --database-url postgres://user@db/shop --json", "of a Postgres of your own"],
    ],
  });
  addDatabaseOptions(command)
    .option("--app <file>", "the app whose laws are checked too")
    .option("--quiet-database", "nothing moves: check as well what holds only then, such as empty queues");
  addJsonOption(addServerOption(command)).action(
    // Loaded when it is needed: the other commands start without a database driver.
    run(async (cli, flags: AuditFlags) => (await import("../audit/audit.ts")).audit(cli, flags)),
  );
}
