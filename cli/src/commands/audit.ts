/** `sluice audit`: the invariants on a live database, and the laws of an app. */
import type { Command } from "commander";
import { wholeNumber } from "../arguments.ts";
import { listActions } from "../audit/actions.ts";
import type { ActionsFlags } from "../audit/actions.ts";
import type { AuditFlags } from "../audit/audit.ts";
import { addCommand, addJsonOption, addServerOption } from "../command.ts";
import type { Run } from "../command.ts";
import { addDatabaseOptions } from "../database/flags.ts";

const LIMIT_MAX = 200;

export function addAuditCommand(program: Command, run: Run): void {
  const command = addCommand(program, "audit", {
    summary: "check the invariants on a live database, and the laws of an app",
    more:
      "Works while `sluice up` runs and while it does not: the embedded database is then started for the time of the check.\n" +
      "It changes nothing. It checks what stored rows can show: I1, I3, I4 and I6. I2 (each command has its effect once) and I5 (an owner that\n" +
      "lost its lane commits nothing) need a witness, for what a participant did and who committed stand in no row: the laws of an app (--app),\n" +
      "and `sluice proof`. Whatever stands in a row that cannot be read is a finding too, and the check goes on.\n" +
      "With --actions it checks nothing, and asks the server what operators did.",
    examples: [
      ["audit", "of the data directory .sluice/data"],
      ["audit --app src/app.ts", "also the laws of the app"],
      ["audit --database-url postgres://user@db/shop --json", "of a Postgres of your own"],
      ["audit --actions --kind runs", "who did what to many runs, why, and to how many"],
    ],
  });
  addDatabaseOptions(command)
    .option("--app <file>", "the app whose laws are checked too")
    .option("--quiet-database", "nothing moves: check as well what holds only then, such as empty queues")
    .option("--actions", "list who did what, why, to how many and when, newest first")
    .option("--kind <kind>", "with --actions: of this kind: runs.cancel, or all of runs")
    .option(
      "--limit <number>",
      "with --actions: most entries of the page (default 20)",
      wholeNumber(1, LIMIT_MAX),
    )
    .option("--cursor <cursor>", "with --actions: opens the page that another one names");
  addJsonOption(addServerOption(command)).action(
    // Loaded when it is needed: the other commands start without a database driver.
    run(async (cli, flags: AuditFlags & ActionsFlags & { readonly actions?: boolean }) =>
      flags.actions === true
        ? listActions(cli, flags)
        : (await import("../audit/audit.ts")).audit(cli, flags),
    ),
  );
}
