/** `sluice flows`: what is served, with live counts. */
import type { Command } from "commander";
import { Option } from "commander";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../command.ts";
import type { JsonOption, Run, ServerOption } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { pausedPartsText, pauseText } from "../operate/pause-text.ts";
import { flowVersion } from "../operate/flags.ts";
import { readPages } from "../read-pages.ts";
import { tame } from "../style.ts";
import { renderPairs, renderTable } from "../table.ts";
import type { Flow, FlowRow } from "../wire.ts";

type Flags = JsonOption & ServerOption;
type ShowFlags = Flags & { readonly flowVersion?: number };
type DiagramFlags = ShowFlags & { readonly format: "mermaid" | "svg" };

export function addFlowsCommands(program: Command, run: Run): void {
  const flows = addCommand(program, "flows", {
    summary: "the flows that are served, with live counts",
    examples: [["flows", "lists them"]],
  });
  const list = addCommand(flows, "list", {
    summary: "list the flows with how many runs they have",
    examples: [
      ["flows", "as a table"],
      ["flows list --json", "as JSON"],
    ],
  });
  const show = addCommand(flows, "show <flow>", {
    summary: "show a flow with its runs per state",
    examples: [
      ["flows show purchase", "as a table"],
      ["flows show purchase --json", "with its definition, as JSON"],
      ["flows show purchase --flow-version 1 --json", "the definition of an older version"],
    ],
  });
  const diagram = addCommand(flows, "diagram <flow>", {
    summary: "draw a flow with its runs per state",
    examples: [
      ["flows diagram purchase", "as text for mermaid"],
      ["flows diagram purchase --format svg > purchase.svg", "as a picture"],
    ],
  }).addOption(
    new Option("--format <format>", "how to draw it").choices(["mermaid", "svg"]).default("mermaid"),
  );
  for (const command of [show, diagram])
    command.option(
      "--flow-version <version>",
      "this version, served or not any more (default: the newest)",
      flowVersion,
    );
  addJsonOption(addServerOption(list)).action(run(listFlows));
  addJsonOption(addServerOption(show)).action(run(showFlow));
  addJsonOption(addServerOption(diagram), "print a JSON object that holds the drawing").action(run(drawFlow));
}

async function listFlows(cli: Cli, flags: Flags): Promise<ExitCode> {
  const flows = await readPages<FlowRow>(apiOf(flags, cli), "/v1/flows");
  if (flags.json === true) {
    printJson(cli, { items: flows });
    return EXIT.ok;
  }
  const style = styleOf(cli);
  const table = renderTable(
    flows,
    [
      { title: "flow", cell: ({ name }) => tame(name) },
      { title: "version", align: "right", cell: ({ version }) => String(version) },
      { title: "states", align: "right", cell: ({ states }) => String(states) },
      { title: "runs", align: "right", cell: ({ runs }) => String(runs) },
      { title: "parked", align: "right", cell: ({ parked }) => String(parked) },
      {
        title: "stands still",
        cell: ({ pauses = [] }) => (pauses.length === 0 ? "-" : style.warn(pausedPartsText(pauses))),
      },
      { title: "description", cell: ({ description }) => tame(description ?? "") },
    ],
    style,
  );
  cli.stdout.write(flows.length === 0 ? "no flows are served\n" : table);
  return EXIT.ok;
}

async function showFlow(cli: Cli, name: string, flags: ShowFlags): Promise<ExitCode> {
  const query = { version: flags.flowVersion };
  const flow = await apiOf(flags, cli).get<Flow>(`/v1/flows/${encodeURIComponent(name)}`, query);
  if (flags.json === true) printJson(cli, flow);
  else cli.stdout.write(flowText(flow, cli));
  return EXIT.ok;
}

function flowText({ name, version, description, counts, pauses = [] }: Flow, cli: Cli): string {
  const style = styleOf(cli);
  const head = renderPairs(
    [
      ["flow", tame(name)],
      ["version", String(version)],
      ["description", tame(description ?? "-")],
      ...pauses.map((pause) => ["stands still", style.warn(pauseText(pause))] as const),
    ],
    style,
  );
  const table = renderTable(
    counts,
    [
      { title: "version", align: "right", cell: ({ flowVersion }) => String(flowVersion) },
      { title: "state", cell: ({ state }) => tame(state) },
      { title: "runs", align: "right", cell: ({ runs }) => String(runs) },
      { title: "parked", align: "right", cell: ({ parked }) => String(parked) },
    ],
    style,
  );
  return `${head}\n${counts.length === 0 ? "no runs yet\n" : table}`;
}

async function drawFlow(cli: Cli, name: string, flags: DiagramFlags): Promise<ExitCode> {
  const { format, flowVersion: version } = flags;
  const path = `/v1/flows/${encodeURIComponent(name)}/diagram`;
  const drawing = await apiOf(flags, cli).getText(path, { format, version });
  if (flags.json === true) printJson(cli, { flow: name, format, drawing });
  else cli.stdout.write(drawing.endsWith("\n") ? drawing : `${drawing}\n`);
  return EXIT.ok;
}
