import type { CallerLedger, FinishedRun, FinishedRuns, Report } from "@sluice/engine/random-flows";
import { COMMAND_FAILED } from "@sluice/engine/definition";
import { lateEventId, replyTo } from "../participants/reply.ts";
import type { Witnessed } from "./witnessed.ts";

type Entry = FinishedRun["entries"][number];

/** An operation, under the id that its operator was told. */
export interface OperatedRun {
  readonly runId: string;
  readonly actionId: string;
}

interface Origins {
  readonly seed: number;
  readonly ledger: CallerLedger;
  readonly operations: readonly OperatedRun[];
  readonly owed: Witnessed["owed"];
  readonly report: Report;
}

/**
 * I6 from the other side: what stands in history was said by somebody. Who said it needs no table of the engine: callers have their ledger,
 * and what a participant says to a command follows from the seed.
 */
export function checkOrigins(runs: FinishedRuns, origins: Origins): void {
  const { ledger, operations, report } = origins;
  const starts = Map.groupBy(ledger.starts, ({ data }): unknown => data["tag"]);
  const told = new Set([
    ...ledger.events.map(({ runId, id }) => `${runId} ${id}`),
    ...operations.map(({ runId, actionId }) => `${runId} ${actionId}`),
  ]);
  for (const { run, entries, flow } of runs.values()) {
    const asked = starts.get(tagOf(entries)) ?? [];
    if (run.parent === null && asked.length === 0)
      report("I6", `run ${run.runId} of ${run.flow} was started by nobody`);
    const types = new Map(entries.flatMap(({ commands = [] }) => commands.map(({ id, type }) => [id, type])));
    for (const entry of entries) {
      const { eventId, commandId = "" } = entry;
      const type = types.get(commandId);
      const isChild = flow.commands.get(type ?? "")?.child != null;
      // A start that was kept for later and met the run: another one, or another attempt without an idempotency key.
      const isRefusedStart = entry.kind === "refused" && entry.type === undefined && run.parent === null;
      if (eventId !== undefined && !isRefusedStart && !told.has(`${run.runId} ${eventId}`))
        checkEventOrigin(run.runId, eventId, { entry, types }, origins);
      if (type !== undefined && !isChild && ANSWERING.has(entry.kind))
        checkAnswer(entry, { commandId, type }, origins);
    }
  }
  checkOwed(runs, origins);
}

function tagOf([first]: readonly Entry[]): unknown {
  return (first?.data as { readonly tag?: unknown } | undefined)?.tag;
}

/** Entries that take note of what a participant has answered. */
const ANSWERING: ReadonlySet<string> = new Set(["event", "undone", "unexpected", "queued", "parked"]);

function checkAnswer(
  entry: Entry,
  command: { readonly commandId: string; readonly type: string },
  { seed, report }: Origins,
): void {
  if (entry.type === COMMAND_FAILED || entry.data === undefined) return;
  const { event } = replyTo(seed, command);
  if (!isSaid(entry, event))
    report(
      "I2",
      `command ${command.commandId} was answered ${JSON.stringify(event)}, and history says ${JSON.stringify(entry)}`,
    );
}

/** Over a broker the answer to a query is an event, whose id is that of the query with the answer's type behind it. */
const QUERY_ANSWER = /:[A-Za-z]\w*$/;

/** Nobody outside has told it: then it is the late answer to a command of the run, or what a parent told a child that it has left. */
function checkEventOrigin(
  runId: string,
  eventId: string,
  { entry, types }: { readonly entry: Entry; readonly types: ReadonlyMap<string, string> },
  { seed, report }: Origins,
): void {
  if (entry.by !== undefined && eventId.startsWith("left:")) return;
  const commandId = eventId.replace(/^late:/, "").replace(QUERY_ANSWER, "");
  const type = types.get(commandId);
  const isAnswer = type !== undefined && (eventId === lateEventId(commandId) || QUERY_ANSWER.test(eventId));
  if (!isAnswer || !isSaid(entry, replyTo(seed, { commandId, type }).event))
    report("I6", `event ${eventId} is in the history of run ${runId}, and nobody has told it`);
}

function isSaid(
  { type, data }: Entry,
  said: { readonly type: string; readonly data: unknown } | null,
): boolean {
  return said !== null && type === said.type && JSON.stringify(data) === JSON.stringify(said.data);
}

/** A late answer that was acknowledged is in the history of its run, once. */
function checkOwed(runs: FinishedRuns, { owed, report }: Origins): void {
  for (const { commandId, runId, told } of owed) {
    if (told === null) {
      report("engine", `the late answer to ${commandId} was never acknowledged`);
      continue;
    }
    const id = lateEventId(commandId);
    const times = runs.get(runId)?.entries.filter(({ eventId }) => eventId === id).length ?? 0;
    if (times !== 1)
      report("I6", `the late answer to ${commandId} was acknowledged (${told}), and stands ${times} times`);
  }
}
