/** Runs and their history as people read them. */
import { carriedText } from "./carried-text.ts";
import { formatDuration } from "./durations.ts";
import { pauseText } from "./operate/pause-text.ts";
import { tame } from "./style.ts";
import type { Style } from "./style.ts";
import { renderPairs, renderTable } from "./table.ts";
import type { Column } from "./table.ts";
import type { HistoryEntry, Run, RunRow, Step, WireError } from "./wire.ts";

/** A state with what is special about it: how the run ended, or that it waits for an operator. */
export function stateText(
  { state, outcome, parked }: Pick<RunRow, "state" | "outcome" | "parked">,
  style: Style,
): string {
  if (parked !== null) return `${tame(state)} ${style.bad(`(parked: ${tame(parked)})`)}`;
  return outcome === null ? tame(state) : `${tame(state)} ${style.good(`(ended: ${tame(outcome)})`)}`;
}

export function runRowColumns(style: Style, nowMs: number): readonly Column<RunRow>[] {
  return [
    { title: "run", cell: ({ runId }) => tame(runId) },
    { title: "flow", cell: ({ flow, flowVersion }) => `${tame(flow)}@${flowVersion}` },
    { title: "key", cell: ({ key }) => tame(key ?? "-") },
    { title: "state", cell: (row) => stateText(row, style) },
    { title: "business state", cell: ({ businessState }) => tame(businessState ?? "-") },
    {
      title: "in state",
      align: "right",
      cell: ({ enteredAt, outcome }) =>
        outcome === null ? formatDuration(nowMs - Date.parse(enteredAt)) : "-",
    },
    { title: "updated", cell: ({ updatedAt }) => tame(updatedAt) },
  ];
}

/** A run with what it waits for, or why it is parked, and its data. `history` tells what it was parked for. */
export function runText(run: Run, style: Style, history: readonly HistoryEntry[] = []): string {
  const pairs: (readonly [string, string])[] = [
    ["run", tame(run.runId)],
    ["flow", `${tame(run.flow)} version ${run.flowVersion}`],
    ["key", tame(run.key ?? "-")],
    ["state", stateText(run, style)],
    ["business state", tame(run.businessState ?? "-")],
    ["created", tame(run.createdAt)],
    ["in state since", tame(run.enteredAt)],
    ["updated", tame(run.updatedAt)],
  ];
  pairs.push(...familyPairs(run));
  for (const pause of run.pauses ?? []) pairs.push(["stands still", style.warn(pauseText(pause))]);
  pairs.push(...(run.parked === null ? waitingPairs(run) : parkedPairs(run, run.parked, history)));
  return `${renderPairs(pairs, style)}${style.dim("data")}\n${dataText(run.data)}\n`;
}

type Pairs = readonly (readonly [string, string])[];

function familyPairs({ parent, steps = [], compensation, commands }: Run): Pairs {
  const told: (readonly [string, string])[] = [];
  if (parent !== undefined) told.push(["started by", tame(`run ${parent.runId}`)]);
  for (const { type, childRunId } of commands)
    if (childRunId !== undefined) told.push(["child", tame(`run ${childRunId}, by ${type}`)]);
  if (steps.length > 0) told.push(["can take back", stepsText(steps)]);
  if (compensation !== undefined)
    told.push(["takes back", `${stepsText(compensation.steps)}; then goes to ${tame(compensation.target)}`]);
  return told;
}

/** The last of them first, as they are taken back. */
function stepsText(steps: readonly Step[]): string {
  const words = steps.map(({ command, undo }) => tame(`${command} by ${undo}`)).toReversed();
  return words.join(", ") || "nothing more";
}

function waitingPairs({ commands, timers, pauses }: Run): Pairs {
  const isHeld = pauses !== undefined;
  return [
    ...commands.map((command) => ["waits for", waitedText(command, isHeld)] as const),
    ...timers.map(({ kind, dueAt }) => ["timer", tame(`${kind} at ${dueAt}`)] as const),
  ];
}

type Command = Run["commands"][number];

/** The channel by which the engine starts child runs, and by which nobody else is reached. */
const CHILD_CHANNEL = "$flow";

function waitedText({ type, data, channel, attempt, phase, childRunId }: Command, isHeld: boolean): string {
  const what = tame(type) + carriedText(data);
  if (childRunId !== undefined) return `${what}: the end of run ${tame(childRunId)}`;
  if (channel === CHILD_CHANNEL) return `${what}: the start of a child run, attempt ${attempt}`;
  const how = isHeld && phase === "sending" ? "kept back" : (PHASES[phase] ?? phase);
  return `${what} to ${tame(channel)}, attempt ${attempt}, ${tame(how)}`;
}

const PHASES: Readonly<Record<string, string>> = {
  sending: "being sent",
  waiting: "to be tried again",
  delivered: "taken, and answered later",
};

/** What the words of the engine mean to whoever has to help. */
const PARKED_BECAUSE: Readonly<Record<string, string>> = {
  "rule-failed": "a rule of the flow threw, or gave data that breaks a schema",
  "command-gave-up": "a command failed at every attempt, and the state takes no commandFailed",
  "command-refused": "a command was refused for good, and the state takes no commandFailed",
  "answer-not-taken": "the state does not take the answer to its own command",
  "undo-failed": "a command that takes a step back failed for good",
  "data-too-large": "its data would be larger than the engine keeps (dataBytesMax)",
};

/** A parked run waits for nothing but help, whatever commands it had under way. */
function parkedPairs(run: Run, reason: string, history: readonly HistoryEntry[]): Pairs {
  const entry = history.findLast(({ kind }) => kind === "parked");
  const told: (readonly [string, string])[] = [];
  if (entry !== undefined) told.push(["parked at", tame(`${entry.at} by ${inputText(run, entry)}`)]);
  if (entry?.error !== undefined) told.push(["error", tame(`${entry.error.code}: ${entry.error.message}`)]);
  if (reason === "rule-failed")
    told.push(["where", tame(`sluice dead-letters show ${run.runId} has the stack`)]);
  return [["parked", tame(PARKED_BECAUSE[reason] ?? reason)], ...told, ["to go on", toGoOn(run)]];
}

/** What a run was parked by: an attempt of a command, or the event or timer it could not take. */
function inputText({ commands }: Run, { type = "its start", commandId, attempt = 1 }: HistoryEntry): string {
  const command = commands.find((each) => each.commandId === commandId);
  if (command === undefined) return type;
  const where = command.channel === CHILD_CHANNEL ? "" : ` to ${command.channel}`;
  return `${command.type}${carriedText(command.data)}${where}, attempt ${attempt}`;
}

function toGoOn({ runId }: Run): string {
  return `later events wait behind it, in order; mend the cause, then: sluice runs retry ${tame(runId)} (or skip, force, cancel)`;
}

/** JSON escapes most control characters by itself; `tame` takes the rest, line by line. */
function dataText(data: unknown): string {
  return JSON.stringify(data, null, 2)
    .split("\n")
    .map((line) => `  ${tame(line)}`)
    .join("\n");
}

/** The history as a timeline: each entry with the time since the one before it. */
export function historyText(entries: readonly HistoryEntry[], style: Style): string {
  const rows = entries.map((entry, at) => ({ entry, sinceMs: sinceMs(entry, entries[at - 1]) }));
  return renderTable(
    rows,
    [
      { title: "#", align: "right", cell: ({ entry }) => String(entry.version) },
      { title: "at", cell: ({ entry }) => tame(entry.at) },
      {
        title: "after",
        align: "right",
        cell: (row) => (row.sinceMs === null ? "-" : formatDuration(row.sinceMs)),
      },
      { title: "what", cell: ({ entry }) => entryText(entry, style) },
      { title: "state", cell: ({ entry }) => tame(entry.state) },
    ],
    style,
  );
}

function sinceMs(entry: HistoryEntry, before: HistoryEntry | undefined): number | null {
  return before === undefined ? null : Date.parse(entry.at) - Date.parse(before.at);
}

/** The cells of an entry where entries are printed as they come: number, time, state, and what happened. */
export function entryCells(entry: HistoryEntry, style: Style): readonly string[] {
  return [
    style.dim(String(entry.version).padStart(4)),
    tame(entry.at),
    style.bold(tame(entry.state)),
    entryText(entry, style),
  ];
}

/** What the engine calls otherwise than a reader of a timeline would. */
const KIND_WORDS: Readonly<Record<string, string>> = {
  "command-attempted": "failed",
  "command-delivered": "delivered",
};

/** An operation's type says what its kind says: `migrated migrate`. */
const OPERATIONS: ReadonlySet<string> = new Set([
  "canceled",
  "retried",
  "redriven",
  "skipped",
  "forced",
  "migrated",
]);

/** The attempt is told from the second on: that there was a first goes without saying. */
function entryText(entry: HistoryEntry, style: Style): string {
  const { kind, attempt = 1, nextAt, commands = [], by, reason } = entry;
  const type = OPERATIONS.has(kind) ? "" : (entry.type ?? "");
  const { about, error } = failureOf(entry);
  const words = [KIND_WORDS[kind] ?? kind, type, about, attempt > 1 ? `attempt ${attempt}` : ""];
  if (by !== undefined) words.push(`by ${by}${reason === undefined ? "" : ` (${reason})`}`);
  const sent = commands.length === 0 ? "" : ` → ${commands.map((each) => each.type).join(", ")}`;
  const next = nextAt === undefined ? "" : `, next at ${nextAt}`;
  const text = tame(`${words.filter((word) => word !== "").join(" ")}${sent}${next}`);
  return error === undefined ? text : `${text} ${style.bad(tame(`${error.code}: ${error.message}`))}`;
}

/** A command that failed for good, and whose failure the state takes, says why in what the event `commandFailed` carries. */
function failureOf({ type, data, error }: HistoryEntry): { about: string; error: WireError | undefined } {
  if (type !== "commandFailed" || error !== undefined) return { about: "", error };
  const carried = Object(data) as { readonly type?: string; readonly error?: WireError };
  return { about: carried.type === undefined ? "" : `of ${carried.type}`, error: carried.error };
}
