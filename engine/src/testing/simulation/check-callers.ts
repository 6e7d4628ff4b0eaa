/** I6: what callers were told is so, and what they were told did not happen has not happened. */
import type { Limits } from "../../core/decision.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { CallerLedger, EventRecord, StartRecord } from "./caller-ledger.ts";
import type { FinishedRun, FinishedRuns } from "./finished-run.ts";
import type { Report } from "./violation.ts";

interface CallerCheck {
  readonly runs: FinishedRuns;
  readonly limits: Limits;
  readonly report: Report;
}

export function checkCallers(ledger: CallerLedger, check: CallerCheck): void {
  // A child may carry the tag of its parent, which is the run that a caller has started.
  const started = [...check.runs.values()].filter(({ run }) => run.parent === null);
  const runsByTag = Map.groupBy(started, ({ entries }) => tagOf(entries[0]?.data));
  for (const [tag, starts] of Map.groupBy(ledger.starts, ({ data }) => tagOf(data)))
    checkStarts(starts, runsByTag.get(tag) ?? [], check);
  for (const event of ledger.events) checkEvent(event, check);
  for (const [first, second] of ledger.inOrder) checkOrder(first, second, check);
}

function tagOf(data: unknown): string {
  return String((data as { readonly tag?: unknown } | undefined)?.tag);
}

/** Starts of one tag are meant to be one run: repeats under the same key, and perhaps one that contradicts them. */
function checkStarts(
  starts: readonly StartRecord[],
  runs: readonly FinishedRun[],
  { report }: CallerCheck,
): void {
  const name = `the start ${tagOf(starts[0]?.data)}`;
  if (runs.length > 1) report("I6", `${name} has made ${runs.length} runs`);
  const [made] = runs;
  if (made !== undefined && starts.every(({ runId, isMaybe }) => runId === null && !isMaybe))
    report("I6", `${name} has made run ${made.run.runId}, and its caller was told that nothing happened`);
  for (const { runId, isDecided, data } of starts) {
    if (runId === null) continue;
    if (made?.run.runId !== runId)
      report("I6", `${name} was acknowledged as run ${runId}, which there is not`);
    else if (
      JSON.stringify(made.entries[0]?.data) !== JSON.stringify(data) &&
      (isDecided || !hasRefused(made))
    )
      report("I6", `${name} was acknowledged, and run ${runId} began with other data`);
  }
}

/** A start that was acknowledged before it was decided may meet a run that began otherwise, whose history then says so. */
function hasRefused({ entries }: FinishedRun): boolean {
  return entries.some(({ kind, type }) => kind === "refused" && type === undefined);
}

function checkEvent(event: EventRecord, { runs, limits, report }: CallerCheck): void {
  const { runId, id, answers, isMaybe } = event;
  const entries = runs.get(runId)?.entries ?? [];
  const told = entries.filter(({ eventId }) => eventId === id);
  const found = told.filter(({ kind }) => kind !== "refused");
  const [entry] = found;
  if (found.length > 1)
    report("I6", `event ${id} stands ${found.length} times in the history of run ${runId}`);
  if (entry === undefined) {
    // What waits in the inbox may be refused when its turn comes; the history says so, if it has room for that.
    const isRefused = told.length > 0 || entries.length >= limits.entriesMax;
    const isExcused = answers.every(({ outcome }) => outcome === "accepted") && isRefused;
    if (answers.length > 0 && !isExcused)
      report("I6", `event ${id} was acknowledged, and run ${runId} has no trace of it`);
    return;
  }
  if (answers.length === 0 && !isMaybe)
    report(
      "I6",
      `event ${id} is in the history of run ${runId}, and its caller was told that nothing happened`,
    );
  checkAnswers(event, entry, report);
}

function checkAnswers(
  { id, runId, type, data, answers }: EventRecord,
  entry: HistoryEntry,
  report: Report,
): void {
  if (entry.type !== type || JSON.stringify(entry.data) !== JSON.stringify(data))
    report("I6", `event ${id} of run ${runId} was stored as another: ${JSON.stringify(entry)}`);
  for (const { outcome, version } of answers) {
    const isSame = outcome === "accepted" || OUTCOMES[entry.kind] === outcome;
    if (!isSame || (version !== null && version !== entry.version))
      report(
        "I6",
        `event ${id} of run ${runId} was answered ${outcome} ${version}, and history says ${JSON.stringify(entry)}`,
      );
  }
}

const OUTCOMES: Partial<Record<HistoryEntry["kind"], string>> = {
  event: "applied",
  undone: "applied",
  unexpected: "unexpected",
  queued: "queued",
  parked: "parked",
};

/** Section "Order": what was sent after another was decided comes after it. */
function checkOrder(first: EventRecord, second: EventRecord, { runs, report }: CallerCheck): void {
  const entries = runs.get(first.runId)?.entries ?? [];
  const at = (event: EventRecord): number =>
    entries.find(({ eventId, kind }) => eventId === event.id && kind !== "refused")?.version ?? 0;
  if (at(second) > 0 && at(first) > at(second))
    report(
      "I6",
      `event ${second.id} was sent after ${first.id} was decided, and came before it in run ${first.runId}`,
    );
}
