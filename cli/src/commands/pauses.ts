/** `sluice pause`, `sluice resume` and `sluice pauses`: what stands still, and letting it go on. */
import type { Command } from "commander";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../command.ts";
import type { JsonOption, Run, ServerOption } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { addAskedOptions, askedOf } from "../operate/flags.ts";
import type { AskedFlags } from "../operate/flags.ts";
import { pausedText } from "../operate/pause-text.ts";
import { readPages } from "../read-pages.ts";
import { tame } from "../style.ts";
import { renderTable } from "../table.ts";
import type { Pause } from "../wire.ts";

interface PauseFlags extends AskedFlags, JsonOption, ServerOption {
  readonly state?: string;
  readonly command?: string;
}

export function addPauseCommands(program: Command, run: Run): void {
  const pause = addCommand(program, "pause <flow>", {
    summary: "let a flow, one of its states, or one of its command types stand still",
    more:
      "Commands are not sent, timers do not fire, schedules start nothing, and a paused flow takes no new runs. Events are taken in all the\n" +
      "same, since they have happened. Nothing is lost by it.",
    examples: [
      ["pause purchase --reason 'wrong prices'", "the whole flow"],
      ["pause purchase --command ChargeCard", "only what is sent to the card provider"],
      ["pause purchase --state paid", "only runs in this state"],
    ],
  });
  const resume = addCommand(program, "resume <flow>", {
    summary: "let what is paused go on",
    examples: [
      ["resume purchase", "the whole flow"],
      ["resume purchase --command ChargeCard", "what was paused so"],
    ],
  });
  const pauses = addCommand(program, "pauses", {
    summary: "list what stands still",
    examples: [["pauses", "who paused what, why and since when"]],
  });
  addJsonOption(addServerOption(addPauseOptions(pause))).action(run(pauseFlow));
  addJsonOption(addServerOption(addPauseOptions(resume))).action(run(resumeFlow));
  addJsonOption(addServerOption(pauses)).action(run(listPauses));
}

function addPauseOptions(command: Command): Command {
  return addAskedOptions(
    command
      .option("--state <state>", "only runs in this state")
      .option("--command <type>", "only commands of this type"),
  );
}

function bodyOf(flow: string, flags: PauseFlags, cli: Cli): object {
  const { state, command } = flags;
  return {
    flow,
    ...(state === undefined ? {} : { state }),
    ...(command === undefined ? {} : { command }),
    ...askedOf(flags, cli),
  };
}

async function pauseFlow(cli: Cli, flow: string, flags: PauseFlags): Promise<ExitCode> {
  const { status, body } = await apiOf(flags, cli).post<Pause>("/v1/pauses", bodyOf(flow, flags, cli));
  if (flags.json === true) printJson(cli, body);
  else
    cli.stdout.write(
      `${pausedText(body)} ${status === 201 ? "stands still" : `stood still already, paused by ${tame(body.by)}`}\n`,
    );
  return EXIT.ok;
}

async function resumeFlow(cli: Cli, flow: string, flags: PauseFlags): Promise<ExitCode> {
  const { body } = await apiOf(flags, cli).post<{ readonly wasPaused: boolean }>(
    "/v1/pauses/resume",
    bodyOf(flow, flags, cli),
  );
  const what = pausedText({ flow, state: flags.state ?? null, command: flags.command ?? null });
  if (flags.json === true) printJson(cli, body);
  else cli.stdout.write(`${what} ${body.wasPaused ? "goes on" : "was not paused"}\n`);
  return EXIT.ok;
}

async function listPauses(cli: Cli, flags: JsonOption & ServerOption): Promise<ExitCode> {
  const pauses = await readPages<Pause>(apiOf(flags, cli), "/v1/pauses");
  const style = styleOf(cli);
  if (flags.json === true) printJson(cli, { items: pauses });
  else if (pauses.length === 0) cli.stdout.write("nothing is paused\n");
  else
    cli.stdout.write(
      renderTable(
        pauses,
        [
          { title: "what", cell: pausedText },
          { title: "since", cell: ({ at }) => tame(at) },
          { title: "by", cell: ({ by }) => tame(by) },
          { title: "reason", cell: ({ reason }) => tame(reason ?? "-") },
        ],
        style,
      ),
    );
  return EXIT.ok;
}
