/** `sluice send`: tells a run that something happened. */
import type { Command } from "commander";
import { readData } from "../arguments.ts";
import { printJson } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { addCommand, addJsonOption, addKeyOption, addServerOption, apiOf } from "../command.ts";
import type { JsonOption, Run, ServerOption } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { requireRunId } from "../run-id.ts";
import { tame } from "../style.ts";
import type { SentEvent } from "../wire.ts";

interface SendFlags extends JsonOption, ServerOption {
  readonly data?: string;
  readonly id?: string;
  readonly command?: string;
  readonly flow?: string;
}

export function addSendCommand(program: Command, run: Run): void {
  const command = addCommand(program, "send <run> <event>", {
    summary: "tell a run that something happened",
    more: "An event that the run's state does not take changes nothing and ends with exit code 1.",
    examples: [
      [`send 01980f3e-… PaymentConfirmed --data '{"amount":45}'`, "with what it carries"],
      ["send 01980f3e-… PaymentConfirmed --id callback-99", "which may be repeated without harm"],
      ["send order-4711 PaymentConfirmed --flow purchase", "to the run with this key"],
      ["send 01980f3e-… SeatHeld --command 01980f3e-…:3:0", "as the answer to that command and no other"],
    ],
  });
  command
    .option("--data <json>", "what the event carries: JSON, @FILE, or - for standard input (default: {})")
    .option("--id <id>", "a repeat with the same id changes nothing and answers the same")
    .option("--command <id>", "the command that it answers; it counts for that one alone");
  addJsonOption(addServerOption(addKeyOption(command))).action(run(send));
}

async function send(cli: Cli, given: string, type: string, flags: SendFlags): Promise<ExitCode> {
  const data = flags.data === undefined ? {} : { data: await readData(flags.data, cli) };
  const api = apiOf(flags, cli);
  const runId = await requireRunId(api, given, flags.flow);
  const { id, command: commandId } = flags;
  const { body } = await api.post<SentEvent>(`/v1/runs/${encodeURIComponent(runId)}/events`, {
    type,
    ...data,
    ...(id === undefined ? {} : { id }),
    ...(commandId === undefined ? {} : { commandId }),
  });
  if (flags.json === true) printJson(cli, body);
  else cli.stdout.write(`${tame(sentText(type, body))}\n`);
  return EXIT.ok;
}

function sentText(type: string, { eventId, outcome, version }: SentEvent): string {
  const entry = version === null ? "" : ` as history entry ${version}`;
  return `${type} ${outcome}${entry} (event id ${eventId})`;
}
