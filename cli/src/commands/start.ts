/** `sluice start`: a new run of a flow. */
import type { Command } from "commander";
import { readData, wholeNumber } from "../arguments.ts";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../command.ts";
import type { JsonOption, Run as RunHandler, ServerOption } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { runText } from "../run-text.ts";
import { tame } from "../style.ts";
import type { Run, StartedRun } from "../wire.ts";

interface StartFlags extends JsonOption, ServerOption {
  readonly data: string;
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly wait?: number;
}

/** The server waits no longer, whatever it is asked. */
const WAIT_SECONDS_MAX = 60;

export function addStartCommand(program: Command, run: RunHandler): void {
  const command = addCommand(program, "start <flow>", {
    summary: "start a run",
    examples: [
      [`start purchase --data '{"seat":"A12"}'`, "prints the id of the run"],
      [
        "start purchase --key order-4711 --data @order.json --wait 10",
        "and its end, if it comes within 10 s",
      ],
      ["start purchase --data - < order.json", "with data from standard input"],
    ],
  });
  command
    .option("--data <json>", "the data of the run: JSON, @FILE, or - for standard input", "{}")
    .option("--key <key>", "your name for the run, unique within its flow: an order number")
    .option(
      "--idempotency-key <key>",
      "a repeat with the same key and data starts nothing and answers the same",
    )
    .option("--wait <seconds>", "wait so long for the run to end", wholeNumber(1, WAIT_SECONDS_MAX));
  addJsonOption(addServerOption(command)).action(run(start));
}

async function start(cli: Cli, flow: string, flags: StartFlags): Promise<ExitCode> {
  const data = await readData(flags.data, cli);
  const api = apiOf(flags, cli);
  const { key, idempotencyKey, wait } = flags;
  const { status, body } = await api.post<StartedRun | Run>(
    `/v1/flows/${encodeURIComponent(flow)}/runs`,
    { data, ...(key === undefined ? {} : { key }) },
    {
      headers: {
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
        ...(wait === undefined ? {} : { prefer: `wait=${wait}` }),
      },
      waitMs: (wait ?? 0) * 1_000,
    },
  );
  if (flags.json === true) printJson(cli, body);
  else cli.stdout.write("state" in body ? runText(body, styleOf(cli)) : `${startedText(body, status)}\n`);
  return EXIT.ok;
}

/** 202: it is durable, and decided once its lane has an owner again or has not ended in the time it was waited for. */
function startedText({ runId, flow }: StartedRun, status: number): string {
  return status === 202 ? `${runId}  run of ${tame(flow)}, under way` : `${runId}  run of ${tame(flow)}`;
}
