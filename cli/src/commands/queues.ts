/** `sluice queues`: messages of brokers that services, or the engine, could not take in; sending them back, forgetting them. */
import type { Command } from "commander";
import { Option } from "commander";
import type { Api } from "../api.ts";
import { wholeNumber } from "../arguments.ts";
import { printJson, styleOf } from "../cli.ts";
import type { Cli } from "../cli.ts";
import { addCommand, addJsonOption, addServerOption, apiOf } from "../command.ts";
import type { JsonOption, Run, ServerOption } from "../command.ts";
import { formatDuration } from "../durations.ts";
import { cliError } from "../errors.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { confirm } from "../operate/confirm.ts";
import { addAskedOptions, askedOf } from "../operate/flags.ts";
import type { AskedFlags } from "../operate/flags.ts";
import { readPages } from "../read-pages.ts";
import { tame } from "../style.ts";
import { renderTable } from "../table.ts";
import type { DeadLetterQueue, DeadMessages, SettledMessages } from "../wire.ts";

const CATEGORIES = ["unreadable", "refused", "unanswerable", "exhausted", "other"] as const;
const SHOWN_MAX = 200;
const SHOWN_DEFAULT = 20;
/** Of one request; more are settled by several. */
const SETTLED_MAX = 200;
const LIMIT_MAX = 1_000_000;
/** Of a body, in a table. */
const BODY_CHARS_MAX = 60;

interface MessageFilter {
  readonly category?: string;
  readonly deadReason?: string;
  readonly run?: string;
}

interface ShowFlags extends MessageFilter, JsonOption, ServerOption {
  readonly limit: number;
}

interface SettleFlags extends MessageFilter, AskedFlags, JsonOption, ServerOption {
  readonly all?: boolean;
  readonly limit?: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

type How = "redrive" | "discard";

export function addQueuesCommands(program: Command, run: Run): void {
  const queues = addCommand(program, "queues", {
    summary: "messages of brokers that could not be taken in: list them, send them back, forget them",
    examples: [["queues", "lists the dead-letter queues, with how many messages each has"]],
  });
  const list = addCommand(queues, "list", {
    summary: "list dead-letter queues",
    examples: [["queues", "of all brokers that the engine's channels go over"]],
  });
  addJsonOption(addServerOption(list)).action(run(listQueues));
  addShowCommand(queues, run);
  addSettleCommand(queues, run, "redrive", {
    summary: "send messages back to where they were read, in their order",
    more: "Under the ids they had, so a repeat is harmless. Who reads there judges them anew; what fails again comes back here.",
    examples: [
      ["queues redrive mail.dead-letters 0-17", "one, at once"],
      ["queues redrive mail.dead-letters --dead-reason FLOW_UNKNOWN_EVENT --dry-run", "how many it would be"],
      ["queues redrive mail.dead-letters --all --yes", "all of them"],
    ],
  });
  addSettleCommand(queues, run, "discard", {
    summary: "forget messages for good",
    examples: [["queues discard mail.dead-letters --category unreadable", "what nobody can read"]],
  });
}

function addFilters(command: Command): Command {
  return command
    .addOption(new Option("--category <category>", "that died for such a reason").choices([...CATEGORIES]))
    .option("--dead-reason <reason>", "that died for this reason")
    .option("--run <id>", "of this run");
}

function addShowCommand(queues: Command, run: Run): void {
  const command = addCommand(queues, "show <name>", {
    summary: "list the messages of a dead-letter queue, the oldest first",
    examples: [
      ["queues show mail.dead-letters", "what each is, and why it is there"],
      ["queues show mail.dead-letters --category refused --json", "of some, with headers and bodies"],
    ],
  });
  addFilters(command).option("--limit <number>", "most messages", wholeNumber(1, SHOWN_MAX), SHOWN_DEFAULT);
  addJsonOption(addServerOption(command)).action(run(showQueue));
}

interface SettleHelp {
  readonly summary: string;
  readonly more?: string;
  readonly examples: readonly (readonly [string, string])[];
}

function addSettleCommand(queues: Command, run: Run, how: How, help: SettleHelp): void {
  const command = addCommand(queues, `${how} <name> [id...]`, help);
  addFilters(command)
    .option("--all", "whatever is in it")
    .option("--limit <number>", "most messages, the oldest first", wholeNumber(1, LIMIT_MAX))
    .option("--dry-run", "change nothing, and say how many it would be")
    .option("--yes", "do not ask before messages are settled by filter");
  addAskedOptions(command);
  addJsonOption(addServerOption(command), "print JSON").action(
    run((cli, name: string, ids: readonly string[], flags: SettleFlags) =>
      settle(cli, { how, name, ids }, flags),
    ),
  );
}

export function readQueues(api: Api): Promise<readonly DeadLetterQueue[]> {
  return readPages<DeadLetterQueue>(api, "/v1/dead-letter-queues");
}

async function listQueues(cli: Cli, flags: JsonOption & ServerOption): Promise<ExitCode> {
  const queues = await readQueues(apiOf(flags, cli));
  const style = styleOf(cli);
  if (flags.json === true) printJson(cli, { items: queues });
  else if (queues.length === 0) cli.stdout.write("no channel goes over a broker\n");
  else
    cli.stdout.write(
      renderTable(
        queues,
        [
          { title: "queue", cell: ({ name }) => tame(name) },
          { title: "messages", align: "right", cell: ({ messages }) => String(messages ?? "?") },
          {
            title: "broker",
            cell: ({ broker, away }) => tame(broker) + (away === null ? "" : ` ${style.bad(tame(away))}`),
          },
        ],
        style,
      ),
    );
  return EXIT.ok;
}

function pathOf(name: string): string {
  return `/v1/dead-letter-queues/${encodeURIComponent(name)}`;
}

async function showQueue(cli: Cli, name: string, flags: ShowFlags): Promise<ExitCode> {
  const query = { ...filterOf(flags), limit: flags.limit };
  const messages = await apiOf(flags, cli).get<DeadMessages>(pathOf(name), query);
  if (flags.json === true) printJson(cli, messages);
  else cli.stdout.write(messagesText(messages, cli));
  return EXIT.ok;
}

function filterOf({ category, deadReason, run: runId }: MessageFilter): Readonly<Record<string, string>> {
  const filter = { category, reason: deadReason, runId };
  return Object.fromEntries(
    Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function messagesText({ items, total, isWhole }: DeadMessages, cli: Cli): string {
  const style = styleOf(cli);
  const nowMs = Date.now();
  const part = isWhole ? "" : ", not all of which were looked at";
  const count = style.dim(`${items.length} of ${total}${part}\n`);
  if (items.length === 0) return count;
  const table = renderTable(
    items,
    [
      { title: "id", cell: ({ id }) => tame(id) },
      { title: "run", cell: ({ runId }) => tame(runId ?? "-") },
      { title: "type", cell: ({ type }) => tame(type ?? "-") },
      {
        title: "age",
        align: "right",
        cell: ({ diedAt }) => ageText(diedAt, nowMs),
      },
      { title: "what", cell: ({ body }) => tame(cut(body)) },
      {
        title: "why",
        cell: ({ reason, error }) => style.bad(tame(error === null ? reason : `${reason}: ${error}`)),
      },
    ],
    style,
  );
  return table + count;
}

/** A time that somebody else wrote may be none. */
function ageText(diedAt: string | null, nowMs: number): string {
  const diedAtMs = Date.parse(diedAt ?? "");
  return Number.isNaN(diedAtMs) ? "-" : formatDuration(nowMs - diedAtMs);
}

function cut(body: string): string {
  const characters = [...body];
  return characters.length > BODY_CHARS_MAX ? `${characters.slice(0, BODY_CHARS_MAX - 1).join("")}…` : body;
}

interface Wish {
  readonly how: How;
  readonly name: string;
  readonly ids: readonly string[];
}

/** @throws CLI_BAD_ARGUMENT (invalid) when neither messages nor filters are named */
async function settle(cli: Cli, wish: Wish, flags: SettleFlags): Promise<ExitCode> {
  const { how, name, ids } = wish;
  const filter = {
    ...filterOf(flags),
    ...(ids.length > 0 ? { ids } : {}),
    ...(flags.all === true ? { all: true } : {}),
  };
  if (Object.keys(filter).length === 0)
    throw cliError(
      "CLI_BAD_ARGUMENT",
      `neither messages nor filters are named, expected ids of \`sluice queues show ${name}\`, filters such as --category refused, or --all`,
    );
  const api = apiOf(flags, cli);
  const post = async (limit: number, dryRun: boolean): Promise<SettledMessages> => {
    const body = { filter, limit, dryRun, ...askedOf(flags, cli) };
    return (await api.post<SettledMessages>(`${pathOf(name)}/${how}`, body)).body;
  };
  const { matched } = await post(1, true);
  const wanted = Math.min(matched, flags.limit ?? LIMIT_MAX);
  if (flags.dryRun === true || wanted === 0) {
    const text = `${how}: ${wanted} ${flags.dryRun === true ? "would be " : ""}done`;
    return print(cli, flags, text, { matched, done: [], failed: [] });
  }
  if (ids.length === 0 && flags.yes !== true) {
    if (!(await confirm(cli, `${how} ${wanted} messages of ${tame(name)}?`))) {
      cli.stderr.write("nothing was changed\n");
      return EXIT.failed;
    }
  }
  const settled = await settleAll(wanted, post);
  return print(cli, flags, `${how}: ${settled.done.length} done`, settled);
}

/** Those that die again meanwhile fit again: no more are settled than there were. */
async function settleAll(
  wanted: number,
  post: (limit: number, dryRun: boolean) => Promise<SettledMessages>,
): Promise<SettledMessages> {
  const done: string[] = [];
  for (;;) {
    const { failed, done: more, matched } = await post(Math.min(wanted - done.length, SETTLED_MAX), false);
    done.push(...more);
    // What failed is still the oldest, and would be tried again.
    if (failed.length > 0 || more.length === 0 || done.length >= wanted) return { matched, done, failed };
  }
}

function print(cli: Cli, flags: JsonOption, text: string, settled: SettledMessages): ExitCode {
  const { failed } = settled;
  if (flags.json === true) printJson(cli, settled);
  else {
    cli.stdout.write(`${text}${failed.length === 0 ? "" : `, ${failed.length} failed`}\n`);
    for (const { id, error } of failed) cli.stdout.write(`${tame(id)}: ${tame(error)}\n`);
  }
  return failed.length === 0 ? EXIT.ok : EXIT.failed;
}
