/** What the rules answer: the run as it is afterwards, the entry that explains it, and what must leave. */
import type { ErrorFields, ErrorKind } from "@sluice/contracts/problem";
import type { CompiledFlow } from "./compile-flow.ts";
import type { EngineErrorCode, PlainError } from "./errors.ts";
import type { SchemaFault } from "./flow.ts";
import type { HistoryEntry } from "./history.ts";
import type { RedriveInput } from "./inputs.ts";
import type { DeadLetterRow, SeenEvent } from "./ports.ts";
import type { PendingCommand, Run } from "./run.ts";

/** What the sender of an input is told, once it is committed. `version` is the history entry it made, or made the first time. */
export type Answer =
  | {
      readonly outcome: "started" | "existing" | "applied" | "unexpected" | "queued" | "parked";
      readonly version: number;
      readonly isRepeat: boolean;
    }
  | { readonly outcome: "stale" }
  /** Durable in the lane's inbox, but not decided yet: its owner is away. */
  | { readonly outcome: "accepted" }
  | { readonly outcome: "rejected"; readonly error: Rejection };

/** Why an input was not taken in. Nothing changed. */
export interface Rejection {
  readonly code: EngineErrorCode;
  readonly message: string;
  readonly fields?: ErrorFields;
}

export interface Limits {
  /** Largest data of a run, as UTF-8 bytes of its JSON. */
  readonly dataBytesMax: number;
  /** Most history entries of one run. */
  readonly entriesMax: number;
}

/** A run as its lane's owner holds it: the run and the event ids its history has seen. */
export interface KnownRun {
  readonly run: Run;
  readonly seen: ReadonlyMap<string, SeenEvent>;
  /** The run's dead letters in order, where an operation needs them. */
  readonly deadLetters?: readonly DeadLetterRow[];
  /** The version it is pinned to, where it is to be migrated to another. */
  readonly pinned?: CompiledFlow;
}

export interface Decision {
  readonly answer: Answer;
  /** The run afterwards; null when nothing changed. */
  readonly run: Run | null;
  readonly entry: HistoryEntry | null;
  /** Commands whose next attempt is due now. */
  readonly send: readonly PendingCommand[];
  readonly deadLetter: DeadLetterRow | null;
  /** Dead letters that are none any more, and what of them is taken in again, right after this. */
  readonly letters?: { readonly taken: readonly number[]; readonly again: readonly RedriveInput[] };
}

export interface Context {
  readonly flow: CompiledFlow;
  readonly nowMs: number;
  readonly limits: Limits;
}

type Outcome = "started" | "applied" | "unexpected" | "queued" | "parked";

/** One more version of the run, with the entry that explains it. */
export function changed(
  run: Run,
  entry: Omit<HistoryEntry, "version" | "atMs" | "state">,
  answer: { readonly outcome: Outcome },
  nowMs: number,
  send: readonly PendingCommand[] = [],
): Decision {
  const version = run.version + 1;
  const issued = send.length === 0 ? {} : { commands: send.map(({ id, type }) => ({ id, type })) };
  return {
    answer: { outcome: answer.outcome, version, isRepeat: false },
    run: { ...run, version, updatedAtMs: nowMs },
    entry: { version, atMs: nowMs, state: run.state, ...entry, ...issued },
    send,
    deadLetter: null,
  };
}

export function unchanged(answer: Answer): Decision {
  return { answer, run: null, entry: null, send: [], deadLetter: null };
}

export function reject(code: EngineErrorCode, message: string, fields?: ErrorFields): Decision {
  return unchanged({
    outcome: "rejected",
    error: { code, message, ...(fields === undefined ? {} : { fields }) },
  });
}

export function rejectFaults(code: EngineErrorCode, what: string, faults: readonly SchemaFault[]): Decision {
  return reject(code, `${what} breaks its schema: ${describeFaults(faults)}`, { errors: faults });
}

export function describeFaults(faults: readonly SchemaFault[]): string {
  return faults.map(({ path, message }) => `${path || "/"} ${message}`).join("; ");
}

export function withoutStack(error: PlainError): PlainError {
  return { code: error.code, kind: error.kind, message: error.message };
}

export function plain(code: EngineErrorCode, kind: ErrorKind, message: string): PlainError {
  return { code, kind, message };
}

/** Data that would not be the same when it comes back from the store. */
export function rejectUnkeepable(code: EngineErrorCode, what: string, fault: SchemaFault): Decision {
  return reject(code, unkeepable(what, fault), { errors: [fault] });
}

export function unkeepable(what: string, fault: SchemaFault): string {
  return `${what} cannot be kept: ${describeFaults([fault])}`;
}
