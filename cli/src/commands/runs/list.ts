/** `sluice runs list`: a page of runs, newest first, by any of the server's filters. */
import type { Command } from "commander";
import { wholeNumber } from "../../arguments.ts";
import { printJson, styleOf } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../../command.ts";
import type { JsonOption, Run, ServerOption } from "../../command.ts";
import { EXIT } from "../../exit-codes.ts";
import type { ExitCode } from "../../exit-codes.ts";
import { addFlowOption, addStateFilters, filterOf } from "../../operate/flags.ts";
import type { FilterFlags } from "../../operate/flags.ts";
import { pageText } from "../../page-text.ts";
import { runRowColumns } from "../../run-text.ts";
import type { Page, RunRow } from "../../wire.ts";

interface ListFlags extends FilterFlags, JsonOption, ServerOption {
  readonly outcome?: string;
  readonly limit: number;
  readonly cursor?: string;
}

const LIMIT_MAX = 200;
const LIMIT_DEFAULT = 20;

export function addListCommand(runs: Command, run: Run): void {
  const command = addCommand(runs, "list", {
    summary: "list runs, a page at a time",
    more: "All filters hold together. A list follows its runs with a lag of a fraction of a second.",
    examples: [
      ["runs list --flow purchase --state awaiting-payment", "in one state"],
      ["runs list --parked", "those that wait for an operator"],
      ["runs list --flow purchase --flow-version 1", "those that a new version has left behind"],
      ["runs list --stuck-for 15m --json", "not final and as long in their state, as JSON"],
    ],
  });
  addStateFilters(addFlowOption(command))
    .option("--outcome <outcome>", "runs that ended so")
    .option("--limit <number>", "most runs of the page", wholeNumber(1, LIMIT_MAX), LIMIT_DEFAULT)
    .option("--cursor <cursor>", "opens the page that another one names");
  addJsonOption(addServerOption(command)).action(run(list));
}

async function list(cli: Cli, flags: ListFlags): Promise<ExitCode> {
  const { outcome, limit, cursor } = flags;
  const query = { ...filterOf(flags), outcome, limit, cursor };
  const page = await apiOf(flags, cli).get<Page<RunRow>>("/v1/runs", query);
  if (flags.json === true) printJson(cli, page);
  else cli.stdout.write(pageText(page, tableOf(cli), cli));
  return EXIT.ok;
}

function tableOf(cli: Cli) {
  return { columns: runRowColumns(styleOf(cli), Date.now()), none: "no runs", row: "run" };
}
