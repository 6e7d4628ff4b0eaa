/** `sluice runs cancel|retry|skip|force|migrate`: what an operator does to runs, by id or by filter. */
import type { Command } from "commander";
import { readData } from "../../arguments.ts";
import type { Cli } from "../../cli.ts";
import { addCommand } from "../../command.ts";
import type { CommandHelp, Run } from "../../command.ts";
import type { ExitCode } from "../../exit-codes.ts";
import { addFlowOption, addJobOptions, addStateFilters, filterOf, flowVersion } from "../../operate/flags.ts";
import type { FilterFlags, JobFlags } from "../../operate/flags.ts";
import { operate } from "../../operate/operate.ts";
import type { Wish } from "../../operate/operate.ts";

type Flags = FilterFlags & JobFlags;

const ID = "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57";

const BY_FILTER =
  "Named by id, or by its key beside --flow, a run is changed at once. Named by filters, which hold together, runs are changed by the\n" +
  "server, one after the other, in the background: Ctrl-C leaves it at that, and `sluice jobs` shows how far it is. It asks before,\n" +
  "unless --yes or --dry-run is given, and ends with 1 when runs were left as they are.";

export function addOperationCommands(runs: Command, run: Run): void {
  addCancelCommand(runs, run);
  addRetryCommand(runs, run);
  addSkipCommand(runs, run);
  addForceCommand(runs, run);
  addMigrateCommand(runs, run);
}

function addOperation(runs: Command, name: string, help: CommandHelp): Command {
  const command = addCommand(runs, `${name} [run...]`, { ...help, more: `${help.more ?? ""}\n${BY_FILTER}` });
  return addStateFilters(addFlowOption(command));
}

function addCancelCommand(runs: Command, run: Run): void {
  const command = addOperation(runs, "cancel", {
    summary: "end runs, and take back what they did",
    more: "The steps of a run that can be taken back are, the last of them first; then it ends in the state `canceled`.",
    examples: [
      [`runs cancel ${ID} --reason "called off"`, "one run"],
      ["runs cancel order-4711 --flow purchase", "one run, by its key"],
      ["runs cancel --flow purchase --state payment-pending --stuck-for 1h", "many, after asking"],
      ["runs cancel --flow purchase --dry-run --list", "what would happen to each"],
    ],
  });
  addJobOptions(command.option("--no-compensate", "take nothing back")).action(
    run((cli, ids: readonly string[], flags: Flags & { readonly compensate: boolean }) =>
      operate(cli, toWish({ type: "cancel", compensate: flags.compensate }, ids, flags), flags),
    ),
  );
}

function addRetryCommand(runs: Command, run: Run): void {
  const command = addOperation(runs, "retry", {
    summary: "send commands that wait again, now",
    more: "With all their attempts before them. A parked run is redriven, which does the same.",
    examples: [
      [`runs retry ${ID}`, "one run"],
      ["runs retry --flow purchase --state paid --rate 50", "many, at most 50 in a second"],
    ],
  });
  addJobOptions(command).action(
    run((cli, ids: readonly string[], flags: Flags) =>
      operate(cli, toWish({ type: "retry" }, ids, flags), flags),
    ),
  );
}

function addSkipCommand(runs: Command, run: Run): void {
  const command = addOperation(runs, "skip", {
    summary: "drop what parked a run, and take in what waits behind it",
    more: "A run that nothing would move any more refuses: redrive it, or force it into another state.",
    examples: [
      [`runs skip ${ID}`, "one run"],
      ["runs skip --flow purchase --park-reason rule-failed", "many"],
    ],
  });
  addJobOptions(command).action(
    run((cli, ids: readonly string[], flags: Flags) =>
      operate(cli, toWish({ type: "skip" }, ids, flags), flags),
    ),
  );
}

interface ForceFlags extends Flags {
  readonly to: string;
  readonly data?: string;
}

function addForceCommand(runs: Command, run: Run): void {
  const command = addOperation(runs, "force", {
    summary: "put runs into a state, as if a transition had led there",
    more: "The state's commands are sent and its timers set; nothing is taken back. With --data that is the run's data from now on.",
    examples: [
      [`runs force ${ID} --to paid --reason "paid in cash"`, "one run"],
      [`runs force ${ID} --to paid --data @order.json`, "with other data"],
    ],
  })
    .requiredOption("--to <state>", "the state to go to")
    .option("--data <json>", "the run's data from now on: JSON, @FILE, or - for standard input");
  addJobOptions(command).action(
    run(async (cli, ids: readonly string[], flags: ForceFlags) => {
      const data = flags.data === undefined ? {} : { data: await readData(flags.data, cli) };
      return operate(cli, toWish({ type: "force", state: flags.to, ...data }, ids, flags), flags);
    }),
  );
}

interface MigrateFlags extends Flags {
  readonly to: number;
}

function addMigrateCommand(runs: Command, run: Run): void {
  const command = addOperation(runs, "migrate", {
    summary: "move runs to another version of their flow",
    more: "As the `migrations` of that version say. `sluice migrate` does it for a whole flow.",
    examples: [
      [`runs migrate ${ID} --to 2`, "one run"],
      ["runs migrate --flow purchase --state paid --to 2 --dry-run --list", "what would happen to each"],
    ],
  }).requiredOption("--to <version>", "the version to go to", flowVersion);
  addJobOptions(command).action(
    run((cli, ids: readonly string[], flags: MigrateFlags) => migrate(cli, ids, flags)),
  );
}

/** Also behind `sluice migrate`. */
export function migrate(cli: Cli, ids: readonly string[], flags: MigrateFlags): Promise<ExitCode> {
  return operate(cli, toWish({ type: "migrate", toVersion: flags.to }, ids, flags), flags);
}

function toWish(operation: Wish["operation"], runIds: readonly string[], flags: FilterFlags): Wish {
  const { type } = operation;
  const to = type === "force" || type === "migrate" ? " --to …" : "";
  return {
    operation,
    runIds,
    filter: filterOf(flags),
    example: `sluice runs ${type}${to} --flow purchase --state paid`,
  };
}
