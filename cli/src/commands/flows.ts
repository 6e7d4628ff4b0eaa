/** `sluice flows`: what is served, with live counts. */
import type { Command } from "commander";
import { Option } from "commander";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../command.ts";
import type { JsonOption, Run, ServerOption } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { readPages } from "../read-pages.ts";
import { tame } from "../style.ts";
import { renderPairs, renderTable } from "../table.ts";
import type { Flow, FlowRow } from "../wire.ts";

type Flags = JsonOption & ServerOption;
type DiagramFlags = Flags & { readonly format: "mermaid" | "svg" };

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
  const table = renderTable(
    flows,
    [
      { title: "flow", cell: ({ name }) => tame(name) },
      { title: "version", align: "right", cell: ({ version }) => String(version) },
      { title: "states", align: "right", cell: ({ states }) => String(states) },
      { title: "runs", align: "right", cell: ({ runs }) => String(runs) },
      { title: "parked", align: "right", cell: ({ parked }) => String(parked) },
      { title: "description", cell: ({ description }) => tame(description ?? "") },
    ],
    styleOf(cli),
  );
  cli.stdout.write(flows.length === 0 ? "no flows are served\n" : table);
  return EXIT.ok;
}

async function showFlow(cli: Cli, name: string, flags: Flags): Promise<ExitCode> {
  const flow = await apiOf(flags, cli).get<Flow>(`/v1/flows/${encodeURIComponent(name)}`);
  if (flags.json === true) printJson(cli, flow);
  else cli.stdout.write(flowText(flow, cli));
  return EXIT.ok;
}

function flowText({ name, version, description, counts }: Flow, cli: Cli): string {
  const style = styleOf(cli);
  const head = renderPairs(
    [
      ["flow", tame(name)],
      ["version", String(version)],
      ["description", tame(description ?? "-")],
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
  const { format } = flags;
  const path = `/v1/flows/${encodeURIComponent(name)}/diagram`;
  const drawing = await apiOf(flags, cli).getText(path, { format });
  if (flags.json === true) printJson(cli, { flow: name, format, drawing });
  else cli.stdout.write(drawing.endsWith("\n") ? drawing : `${drawing}\n`);
  return EXIT.ok;
}
