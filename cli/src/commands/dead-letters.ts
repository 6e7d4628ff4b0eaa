/** `sluice dead-letters`: what could not be taken in, and taking it in again. */
import type { Command } from "commander";
import { Option } from "commander";
import type { Api } from "../api.ts";
import { wholeNumber } from "../arguments.ts";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { carriedText } from "../carried-text.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../command.ts";
import type { JsonOption, Run, ServerOption } from "../command.ts";
import { formatDuration } from "../durations.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { PARK_REASONS, addFlowOption, addJobOptions } from "../operate/flags.ts";
import type { JobFlags } from "../operate/flags.ts";
import { operate } from "../operate/operate.ts";
import { pageText } from "../page-text.ts";
import { requireRunId } from "../run-id.ts";
import { readQueues } from "./queues.ts";
import { tame } from "../style.ts";
import type { Style } from "../style.ts";
import { renderPairs } from "../table.ts";
import type { Column } from "../table.ts";
import type { DeadLetter, DeadLetterQueue, DeadLetterWithStack, Page } from "../wire.ts";

interface LetterFilter {
  readonly flow?: string;
  readonly state?: string;
  readonly parkReason?: string;
}

interface ListFlags extends LetterFilter, JsonOption, ServerOption {
  readonly run?: string;
  readonly limit: number;
  readonly cursor?: string;
}

const LIMIT_MAX = 200;
const LIMIT_DEFAULT = 20;

export function addDeadLettersCommands(program: Command, run: Run): void {
  const letters = addCommand(program, "dead-letters", {
    summary: "what parked runs could not take in: list it, take it in again",
    examples: [
      ["dead-letters", "lists them"],
      ["dead-letters show 01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57", "what parked a run, with its stack"],
    ],
  });
  addListCommand(letters, run);
  addShowCommand(letters, run);
  addRedriveCommand(letters, run);
}

function addLetterFilters(command: Command): Command {
  return addFlowOption(command)
    .option("--state <state>", "runs parked in this state")
    .addOption(
      new Option("--park-reason <reason>", "runs parked for this reason").choices([...PARK_REASONS]),
    );
}

function addListCommand(letters: Command, run: Run): void {
  const command = addCommand(letters, "list", {
    summary: "list dead letters, a page at a time",
    more:
      "By run; first the one that parked it, then those that wait behind, in their order. Without filters it also says which queues of brokers\n" +
      "have messages that could not be taken in: `sluice queues`.",
    examples: [
      ["dead-letters --flow purchase", "of one flow"],
      ["dead-letters --run 01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57 --json", "of one run, with what they carry"],
    ],
  });
  addLetterFilters(command)
    .option("--run <id>", "of this run")
    .option("--limit <number>", "most dead letters of the page", wholeNumber(1, LIMIT_MAX), LIMIT_DEFAULT)
    .option("--cursor <cursor>", "opens the page that another one names");
  addJsonOption(addServerOption(command)).action(run(list));
}

async function list(cli: Cli, flags: ListFlags): Promise<ExitCode> {
  const { flow, state, parkReason, run: runId, limit, cursor } = flags;
  const query = { flow, state, parkReason, runId, limit, cursor };
  const api = apiOf(flags, cli);
  const page = await api.get<Page<DeadLetter>>("/v1/dead-letters", query);
  if (flags.json === true) printJson(cli, page);
  else cli.stdout.write(pageText(page, tableOf(cli), cli));
  const isAll = [flow, state, parkReason, runId, cursor].every((filter) => filter === undefined);
  if (flags.json !== true && isAll) cli.stdout.write(queuesText(await readQueues(api), cli));
  return EXIT.ok;
}

/** What services could not take in lies at their brokers, and is easily overlooked. */
function queuesText(queues: readonly DeadLetterQueue[], cli: Cli): string {
  const style = styleOf(cli);
  return queues
    .filter(({ messages }) => messages !== 0)
    .map(({ name, messages, away }) =>
      messages === null
        ? `${tame(name)}: ${style.warn(tame(away ?? "unknown"))}\n`
        : `${tame(name)}: ${messages} more, see: sluice queues show ${tame(name)}\n`,
    )
    .join("");
}

function tableOf(cli: Cli) {
  const style = styleOf(cli);
  return { columns: columnsOf(style, Date.now()), none: "no dead letters", row: "dead letter" };
}

function columnsOf(style: Style, nowMs: number): readonly Column<DeadLetter>[] {
  return [
    { title: "run", cell: ({ runId }) => tame(runId) },
    { title: "#", align: "right", cell: ({ version }) => String(version) },
    { title: "flow", cell: ({ flow }) => tame(flow ?? "-") },
    { title: "key", cell: ({ key }) => tame(key ?? "-") },
    { title: "state", cell: ({ state }) => tame(state) },
    { title: "age", align: "right", cell: ({ at }) => formatDuration(nowMs - Date.parse(at)) },
    { title: "what", cell: ({ input }) => tame(inputText(input)) + carriedText(carriedBy(input)) },
    { title: "why", cell: (letter) => reasonText(letter, style) },
  ];
}

/** Of an event what it carries itself; else what the command carried that it is about. */
function carriedBy({ kind, data, commandData }: DeadLetter["input"]): unknown {
  return kind === "event" ? data : commandData;
}

/** `event Paid`, `answer Charged to Charge`, `failure of Charge`, `timer deadline`. */
function inputText({ kind, type, command }: DeadLetter["input"]): string {
  const about = command === undefined ? "" : kind === "answer" ? ` to ${command}` : ` of ${command}`;
  return `${kind}${type === undefined ? "" : ` ${type}`}${about}`;
}

function reasonText({ reason, error }: DeadLetter, style: Style): string {
  if (reason === null) return style.dim("waits behind");
  return style.bad(tame(error === null ? reason : `${reason}: ${error.message} (${error.code})`));
}

interface ShowFlags extends JsonOption, ServerOption {
  readonly flow?: string;
}

function addShowCommand(letters: Command, run: Run): void {
  const command = addCommand(letters, "show <run> [number]", {
    summary: "show a dead letter, with the stack of what went wrong",
    more:
      "The one that parked the run, or the one that the list has under this number. Where keys are required it takes one that may operate:\n" +
      "a stack shows what the code is like inside.",
    examples: [
      ["dead-letters show 01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57", "what parked it"],
      ["dead-letters show order-4711 --flow purchase", "the same, by the key of the run"],
      ["dead-letters show 01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57 7 --json", "another one"],
    ],
  });
  command.option("--flow <name>", "the run is named by its key in this flow");
  addJsonOption(addServerOption(command)).action(run(show));
}

async function show(
  cli: Cli,
  given: string,
  version: string | undefined,
  flags: ShowFlags,
): Promise<ExitCode> {
  const api = apiOf(flags, cli);
  const runId = await requireRunId(api, given, flags.flow);
  const id = version === undefined ? await headOf(api, runId) : `${runId}:${version}`;
  const letter = await api.get<DeadLetterWithStack>(`/v1/dead-letters/${encodeURIComponent(id)}`);
  if (flags.json === true) printJson(cli, letter);
  else cli.stdout.write(letterText(letter, cli));
  return EXIT.ok;
}

/** The id of what parked the run; of one that is not parked none that there is, as the server then says. */
async function headOf(api: Api, runId: string): Promise<string> {
  const { items } = await api.get<Page<DeadLetter>>("/v1/dead-letters", { runId, limit: 1 });
  const [head] = items;
  return head === undefined ? runId : `${runId}:${head.version}`;
}

function letterText(letter: DeadLetterWithStack, cli: Cli): string {
  const { runId, version, flow, key, state, at, input, stack } = letter;
  const style = styleOf(cli);
  const pairs = renderPairs(
    [
      ["run", tame(runId)],
      ["#", String(version)],
      ["flow", tame(flow ?? "-")],
      ["key", tame(key ?? "-")],
      ["state", tame(state)],
      ["since", tame(at)],
      ["what", tame(inputText(input)) + carriedText(carriedBy(input))],
      ["why", reasonText(letter, style)],
    ],
    style,
  );
  const lines = (stack ?? "").split("\n").filter((line) => line !== "");
  return pairs + (lines.length === 0 ? "" : `\n${lines.map((line) => `${tame(line)}\n`).join("")}`);
}

interface RedriveFlags extends LetterFilter, JobFlags {
  readonly all?: boolean;
}

const REDRIVE_EXAMPLE = "sluice dead-letters redrive --flow purchase --park-reason command-gave-up";

function addRedriveCommand(letters: Command, run: Run): void {
  const command = addCommand(letters, "redrive [run...]", {
    summary: "take dead letters in again, each run's in their order",
    more:
      "As if they arrived now; what fails again parks its run again. The server does it in the background: Ctrl-C leaves it at that, and\n" +
      "`sluice jobs` shows how far it is. It asks before, unless --yes or --dry-run is given.",
    examples: [
      ["dead-letters redrive 01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57", "of one run, at once"],
      ["dead-letters redrive --flow purchase --park-reason command-gave-up --rate 20", "after an outage"],
      ["dead-letters redrive --all --dry-run", "what would become of all of them"],
    ],
  });
  addJobOptions(addLetterFilters(command).option("--all", "of all parked runs")).action(
    run((cli, runIds: readonly string[], flags: RedriveFlags) =>
      operate(
        cli,
        { operation: { type: "redrive" }, runIds, filter: filterOf(flags), example: REDRIVE_EXAMPLE },
        flags,
      ),
    ),
  );
}

function filterOf({ flow, state, parkReason, all }: RedriveFlags): Readonly<Record<string, unknown>> {
  const filter = { flow, state, parkReason, ...(all === true ? { parked: true } : {}) };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
