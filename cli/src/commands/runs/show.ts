/** `sluice runs show`: a run with its history. */
import type { Command } from "commander";
import { wholeNumber } from "../../arguments.ts";
import { printJson, styleOf } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../../command.ts";
import type { JsonOption, Run as RunHandler, ServerOption } from "../../command.ts";
import { EXIT } from "../../exit-codes.ts";
import type { ExitCode } from "../../exit-codes.ts";
import { HistoryReader } from "../../history-reader.ts";
import { historyText, runText } from "../../run-text.ts";
import type { Run } from "../../wire.ts";

interface ShowFlags extends JsonOption, ServerOption {
  readonly limit: number;
}

const ENTRIES_MAX = 50_000;
const ENTRIES_DEFAULT = 200;

export function addShowCommand(runs: Command, run: RunHandler): void {
  const command = addCommand(runs, "show <run>", {
    summary: "show a run: where it is, what it waits for, and its history",
    examples: [
      ["runs show 01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57", "as a timeline"],
      ["runs show 01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57 --json", "as JSON: { run, history }"],
    ],
  });
  command.option("--limit <entries>", "most history entries", wholeNumber(0, ENTRIES_MAX), ENTRIES_DEFAULT);
  addJsonOption(addServerOption(command)).action(run(show));
}

async function show(cli: Cli, runId: string, flags: ShowFlags): Promise<ExitCode> {
  const api = apiOf(flags, cli);
  const run = await api.get<Run>(`/v1/runs/${encodeURIComponent(runId)}`);
  const history = await new HistoryReader(api, runId).readNew(flags.limit);
  if (flags.json === true) {
    printJson(cli, { run, history });
    return EXIT.ok;
  }
  const style = styleOf(cli);
  const left = run.version - history.length;
  const more = left > 0 ? style.dim(`… and ${left} more; --limit ${run.version} shows them all\n`) : "";
  const timeline = history.length === 0 ? "" : `\n${historyText(history, style)}`;
  cli.stdout.write(`${runText(run, style, history)}${timeline}${more}`);
  return EXIT.ok;
}
