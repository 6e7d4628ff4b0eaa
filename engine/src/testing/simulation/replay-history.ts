/**
 * History explains every version (I1): from each entry the input is made that must have caused it, the rules decide once more, and
 * what they answer must be that entry. At the end stands the run that is stored.
 */
import { decide } from "../../core/decide.ts";
import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { Decision, Limits } from "../../core/decision.ts";
import { COMMAND_FAILED } from "../../core/flow.ts";
import type { CommandFailed } from "../../core/flow.ts";
import type { PlainError } from "../../core/errors.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { LaneInput, Settlement } from "../../core/inputs.ts";
import type { Run } from "../../core/run.ts";

/** What is wrong with the history of a run, or null when it explains the run. */
export function replayHistory(
  stored: Run,
  entries: readonly HistoryEntry[],
  flow: CompiledFlow,
  limits: Limits,
): string | null {
  let run: Run | null = null;
  for (const entry of entries) {
    const next = explain(stored, run, entry, flow, limits);
    if (next === null)
      return `no input explains version ${entry.version}: ${JSON.stringify(entry)} after ${brief(run)}`;
    run = next;
  }
  return sameRun(run, stored) ? null : `its history leads to ${brief(run)}, and ${brief(stored)} is stored`;
}

function explain(
  stored: Run,
  run: Run | null,
  entry: HistoryEntry,
  flow: CompiledFlow,
  limits: Limits,
): Run | null {
  const text = JSON.stringify(entry);
  const known = run === null ? null : { run, seen: new Map() };
  for (const input of causes(stored, run, entry)) {
    const decision: Decision = decide(flow, known, input, entry.atMs, limits);
    if (decision.entry !== null && JSON.stringify(decision.entry) === text) return decision.run;
  }
  return null;
}

/** Inputs that may have made an entry. A timer's firing does not say which timer it was, so each that is set may be it. */
function causes(stored: Run, run: Run | null, entry: HistoryEntry): readonly LaneInput[] {
  const { runId } = stored;
  if (run === null) return [startOf(stored, entry)];
  const { commandId, eventId, type, data } = entry;
  if (eventId !== undefined && type !== undefined && data !== undefined)
    return [{ kind: "event", runId, id: eventId, type, data }];
  if (commandId !== undefined && entry.kind !== "timer") {
    const attempt = entry.attempt ?? run.commands.find(({ id }) => id === commandId)?.attempt ?? 0;
    return [{ kind: "settled", runId, commandId, attempt, settlement: settlementOf(entry) }];
  }
  return run.timers.map(({ number }) => ({ kind: "timer", runId, number }));
}

function startOf({ runId, flow, flowVersion, key, startId, lane }: Run, { data }: HistoryEntry): LaneInput {
  return { kind: "start", runId, flow, flowVersion, key, startId, lane, data: data as Run["data"] };
}

function settlementOf(entry: HistoryEntry): Settlement {
  const { kind, type = "", data, error } = entry;
  if (kind === "command-delivered") return { type: "delivered" };
  if (kind === "polled" && error === undefined) return { type: "no-news" };
  if (kind === "polled" || kind === "command-attempted")
    return { type: "failed", error: paced(error, entry) };
  if (type !== COMMAND_FAILED) return { type: "answered", event: { type, data: data ?? null } };
  if (data !== undefined) return { type: "failed", error: (data as unknown as CommandFailed).error };
  // A failure that waits behind a parked run leaves its error to the dead letter; any that is final leads to the same entry.
  return { type: "failed", error: error ?? { code: "?", kind: "invalid", message: "" } };
}

/** The wait that the participant asked for is in the entry only as the time of the next attempt. */
function paced(error: PlainError | undefined, { atMs, nextAtMs = atMs }: HistoryEntry): PlainError {
  const { code, kind, message } = error ?? { code: "?", kind: "bug", message: "" };
  return { code, kind, message, retryAfterMs: nextAtMs - atMs };
}

function sameRun(replayed: Run | null, stored: Run): boolean {
  return replayed !== null && JSON.stringify(sorted(replayed)) === JSON.stringify(sorted(stored));
}

function sorted(run: Run): readonly (readonly [string, unknown])[] {
  return Object.entries(run)
    .filter(([name]) => name !== "data")
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function brief(run: Run | null): string {
  if (run === null) return "nothing";
  const { version, state, parked, commands, timers, dataText } = run;
  return JSON.stringify({ version, state, parked, commands, timers, dataText });
}
