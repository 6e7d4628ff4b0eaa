/** `sluice runs watch`: a run live until it ends, or all changes of a flow's runs until Ctrl-C. */
import { hasCode } from "@sluice/contracts/problem";
import type { Command } from "commander";
import type { Api } from "../../api.ts";
import { printJsonLine, styleOf } from "../../cli.ts";
import type { Cli } from "../../cli.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../../command.ts";
import type { JsonOption, Run as RunHandler, ServerOption } from "../../command.ts";
import { cliError } from "../../errors.ts";
import { EXIT } from "../../exit-codes.ts";
import type { ExitCode } from "../../exit-codes.ts";
import { FlowReader } from "../../flow-reader.ts";
import { poll } from "../../poll.ts";
import { requireRunId } from "../../run-id.ts";
import { entryCells, stateText } from "../../run-text.ts";
import { tame } from "../../style.ts";
import type { Style } from "../../style.ts";
import { createAlignment } from "../../table.ts";
import type { HistoryEntry, Run, RunRow } from "../../wire.ts";

interface WatchFlags extends JsonOption, ServerOption {
  readonly flow?: string;
}

export function addWatchCommand(runs: Command, run: RunHandler): void {
  const command = addCommand(runs, "watch [run]", {
    summary: "watch a run until it ends, or all runs of a flow until Ctrl-C",
    more: "A server that goes away is waited for; no entry of a run is missed by it or printed twice.",
    examples: [
      ["runs watch 01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57", "each history entry as it comes"],
      ["runs watch order-4711 --flow purchase", "the same, by the key of the run"],
      ["runs watch --flow purchase", "each change of a run of this flow"],
      ["runs watch --flow purchase --json", "one JSON object a line"],
    ],
  });
  command.option("--flow <name>", "watch all runs of this flow, or the one with the key that is given");
  addJsonOption(addServerOption(command), "print one JSON object a line").action(run(watch));
}

/** Of an entry: number, time, state; of a run in a flow the first two are wider, and the third is its key. */
const WIDTHS_MIN = [4, 24, 16];

async function watch(cli: Cli, given: string | undefined, flags: WatchFlags): Promise<ExitCode> {
  const signal = cli.interruption();
  const api = apiOf(flags, cli, signal);
  const style = styleOf(cli);
  const print = { cli, style, isJson: flags.json === true, line: createAlignment(WIDTHS_MIN) };
  if (given !== undefined) return watchRun(api, await requireRunId(api, given, flags.flow), signal, print);
  if (flags.flow !== undefined) return watchFlow(api, flags.flow, signal, print);
  throw cliError(
    "CLI_BAD_ARGUMENT",
    "expected the id of a run, or --flow NAME for all runs of a flow: sluice runs watch --flow purchase",
  );
}

interface Print {
  readonly cli: Cli;
  readonly style: Style;
  readonly isJson: boolean;
  /** Cells as a line whose columns stand below those of the lines before. */
  readonly line: (cells: readonly string[]) => string;
}

/** A stream that breaks is taken up again behind the last entry that was printed. */
async function watchRun(api: Api, runId: string, signal: AbortSignal, print: Print): Promise<ExitCode> {
  const path = `/v1/runs/${encodeURIComponent(runId)}`;
  let version = 0;
  await poll({ cli: print.cli, signal, isJson: print.isJson }, async (answered) => {
    const events = await api.events(`${path}/stream`, version);
    answered();
    if (events === null) {
      printEnd(await api.get<Run>(path), print);
      return "end";
    }
    const before = version;
    try {
      for await (const { type, data } of events) {
        const said = JSON.parse(data) as HistoryEntry & Ended;
        if (type === "end") {
          printEnd(said, print);
          return "end";
        }
        printEntry(said, print);
        version = said.version;
      }
    } catch (error) {
      if (!hasCode(error, "CLI_NO_SERVER")) throw error;
    }
    return version > before ? "news" : "nothing";
  });
  return EXIT.ok;
}

type Ended = Pick<Run, "runId" | "state" | "outcome" | "version">;

function printEntry(entry: HistoryEntry, { cli, style, isJson, line }: Print): void {
  if (isJson) printJsonLine(cli, entry);
  else cli.stdout.write(line(entryCells(entry, style)));
}

/** For programs the end is told apart from entries by a kind that no entry has. */
function printEnd({ runId, state, outcome, version }: Ended, { cli, style, isJson }: Print): void {
  if (isJson) printJsonLine(cli, { kind: "end", runId, state, outcome, version });
  else cli.stdout.write(`${stateText({ state, outcome, parked: null }, style)}\n`);
}

async function watchFlow(
  api: Api,
  flow: string,
  signal: AbortSignal,
  { cli, style, isJson, line }: Print,
): Promise<ExitCode> {
  const reader = await FlowReader.open(api, flow);
  await poll({ cli, signal, isJson }, async () => {
    const rows = await reader.readNew();
    for (const row of rows) {
      if (isJson) printJsonLine(cli, row);
      else cli.stdout.write(line(rowCells(row, style)));
    }
    return rows.length > 0 ? "news" : "nothing";
  });
  return EXIT.ok;
}

function rowCells(row: RunRow, style: Style): readonly string[] {
  return [tame(row.updatedAt), style.dim(tame(row.runId)), tame(row.key ?? "-"), stateText(row, style)];
}
