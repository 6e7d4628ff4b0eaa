/** `sluice runs show`: a run with its history. */
import type { Command } from "commander";
import { wholeNumber } from "../../arguments.ts";
import { printJson, styleOf } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import { addCommand, addJsonOption, addKeyOption, addServerOption, apiOf } from "../../command.ts";
import type { JsonOption, Run as RunHandler, ServerOption } from "../../command.ts";
import { EXIT } from "../../exit-codes.ts";
import type { ExitCode } from "../../exit-codes.ts";
import { HistoryReader } from "../../history-reader.ts";
import { requireRunId } from "../../run-id.ts";
import { historyText, runText } from "../../run-text.ts";
import type { Run } from "../../wire.ts";

interface ShowFlags extends JsonOption, ServerOption {
  readonly flow?: string;
  readonly limit: number;
}

const ENTRIES_MAX = 50_000;
const ENTRIES_DEFAULT = 200;

export function addShowCommand(runs: Command, run: RunHandler): void {
  const command = addCommand(runs, "show <run>", {
    summary: "show a run: where it is, what it waits for, and its history",
    examples: [
      ["runs show 01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57", "as a timeline"],
      ["runs show order-4711 --flow purchase", "by its key"],
      ["runs show 01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57 --json", "as JSON: { run, history }"],
    ],
  });
  addKeyOption(command).option(
    "--limit <entries>",
    "most history entries, the newest",
    wholeNumber(0, ENTRIES_MAX),
    ENTRIES_DEFAULT,
  );
  addJsonOption(addServerOption(command)).action(run(show));
}

async function show(cli: Cli, given: string, flags: ShowFlags): Promise<ExitCode> {
  const api = apiOf(flags, cli);
  const runId = await requireRunId(api, given, flags.flow);
  const run = await api.get<Run>(`/v1/runs/${encodeURIComponent(runId)}`);
  const left = Math.max(0, run.version - flags.limit);
  const history = await new HistoryReader(api, runId, left).readNew(flags.limit);
  if (flags.json === true) {
    printJson(cli, { run, history });
    return EXIT.ok;
  }
  const style = styleOf(cli);
  const more = left > 0 ? style.dim(`${left} older entries; --limit ${run.version} shows them too\n`) : "";
  const timeline = history.length === 0 ? "" : historyText(history, style);
  cli.stdout.write(`${runText(run, style, history)}\n${more}${timeline}`);
  return EXIT.ok;
}
