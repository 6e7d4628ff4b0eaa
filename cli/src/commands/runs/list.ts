/** `sluice runs list`: a page of runs, newest first, by any of the server's filters. */
import type { Command } from "commander";
import { durationMs, instant, wholeNumber } from "../../arguments.ts";
import { printJson, styleOf } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../../command.ts";
import type { JsonOption, Run, ServerOption } from "../../command.ts";
import { EXIT } from "../../exit-codes.ts";
import type { ExitCode } from "../../exit-codes.ts";
import { runRowColumns } from "../../run-text.ts";
import { renderTable } from "../../table.ts";
import type { Page, RunRow } from "../../wire.ts";

interface ListFlags extends JsonOption, ServerOption {
  readonly flow?: string;
  readonly state?: string;
  readonly businessState?: string;
  readonly key?: string;
  readonly outcome?: string;
  readonly parked?: boolean;
  readonly stuckFor?: number;
  readonly updatedSince?: string;
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
      ["runs list --stuck-for 15m --json", "not final and as long in their state, as JSON"],
    ],
  });
  command
    .option("--flow <name>", "runs of this flow")
    .option("--state <state>", "runs in this state")
    .option("--business-state <state>", "runs in this business state")
    .option("--key <key>", "the run with this key, one of each flow")
    .option("--outcome <outcome>", "runs that ended so")
    .option("--parked", "runs that wait for an operator")
    .option("--no-parked", "runs that do not")
    .option(
      "--stuck-for <duration>",
      "runs not final and at least so long in their state: 90s, 15m, 2h",
      durationMs,
    )
    .option("--updated-since <time>", "runs that changed since: ISO 8601, or how long ago (15m)", (text) =>
      instant(text, Date.now()),
    )
    .option("--limit <number>", "most runs of the page", wholeNumber(1, LIMIT_MAX), LIMIT_DEFAULT)
    .option("--cursor <cursor>", "opens the page that another one names");
  addJsonOption(addServerOption(command)).action(run(list));
}

async function list(cli: Cli, flags: ListFlags): Promise<ExitCode> {
  const { flow, state, businessState, key, outcome, parked, stuckFor, updatedSince, limit, cursor } = flags;
  const page = await apiOf(flags, cli).get<Page<RunRow>>("/v1/runs", {
    flow,
    state,
    businessState,
    key,
    outcome,
    parked,
    stuckForMs: stuckFor,
    updatedSince,
    limit,
    cursor,
  });
  if (flags.json === true) printJson(cli, page);
  else cli.stdout.write(pageText(page, cli));
  return EXIT.ok;
}

function pageText({ items, cursor }: Page<RunRow>, cli: Cli): string {
  const style = styleOf(cli);
  if (items.length === 0) return "no runs\n";
  const next = cursor === null ? "" : style.dim(`next page: the same command with --cursor ${cursor}\n`);
  return renderTable(items, runRowColumns(style, Date.now()), style) + next;
}
