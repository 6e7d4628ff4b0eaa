/**
 * What the log tells of runs: one line for each history entry, once it is committed. What needs somebody is a warning, an attempt that
 * failed is news, all else is for those who ask for it. No data of a run is ever logged, and a stack only where somebody's code threw.
 */
import { COMMAND_FAILED } from "../core/flow.ts";
import type { LogPort } from "../core/ports.ts";
import type { PlainError } from "../core/errors.ts";
import type { Note } from "./batch-work.ts";

export function logNotes(log: LogPort, notes: readonly Note[]): void {
  for (const note of notes) logNote(log, note);
}

function logNote(log: LogPort, note: Note): void {
  const { run, entry, error } = note;
  if (entry.kind === "parked") log.warn(failureFields(note, error), `a run is parked: ${run.parked}`);
  else if (isGivenUp(note)) log.warn(failureFields(note, error), "a command is given up");
  else if (entry.kind === "command-attempted")
    log.info(failureFields(note, error), "an attempt of a command failed");
  else if (entry.kind === "polled" && entry.error !== undefined)
    log.info(failureFields(note, error), "a query of a poll failed");
  else log.debug(fieldsOf(note), "a run has changed");
}

/** Whatever the run did about it: its state took `commandFailed`, or it is parked already and this waits its turn. */
function isGivenUp({ entry }: Note): boolean {
  return entry.type === COMMAND_FAILED && entry.commandId !== undefined;
}

function fieldsOf({ run, entry }: Note) {
  const { runId, flow, flowVersion } = run;
  const { version, kind, state, type, eventId, commandId, attempt } = entry;
  return { runId, flow, flowVersion, version, kind, state, type, eventId, commandId, attempt };
}

function failureFields(note: Note, error: PlainError | null): object {
  const { nextAtMs } = note.entry;
  return {
    ...fieldsOf(note),
    ...(nextAtMs === undefined ? {} : { nextAt: new Date(nextAtMs).toISOString() }),
    ...(error === null ? {} : { code: error.code, err: toldError(error) }),
  };
}

/** An error without a code of its own was thrown by mistake: where, is in its stack. One with a code explains itself. */
const UNCODED: ReadonlySet<string> = new Set(["FLOW_HANDLER_FAILED", "FLOW_RULE_FAILED"]);

function toldError({ code, kind, message, stack }: PlainError): object {
  return { kind, message, ...(stack !== undefined && UNCODED.has(code) ? { stack } : {}) };
}
