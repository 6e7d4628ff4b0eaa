/** Everything that can happen to a run, as data: what callers send, what participants answer, what timers do. */
import type { TraceContext } from "@sluice/contracts/broker-message";
import type { EventMessage, Json, JsonObject, ReplyMessage } from "@sluice/contracts/envelope";
import type { PlainError } from "./errors.ts";
import type { RunCondition } from "./run-condition.ts";
import type { Parent, ParkReason } from "./run.ts";

/** What became of one attempt of a command. */
export type Settlement =
  | { readonly type: "answered"; readonly event: { readonly type: string; readonly data: Json } }
  /**
   * Taken by the participant; the answer comes as an event, or with the end of the child run that was started. `isCarriedOut`: the effect
   * is committed with this settlement, so a second attempt would be a second effect.
   */
  | { readonly type: "delivered"; readonly childId?: string; readonly isCarriedOut?: true }
  /** A query that has nothing to report yet. */
  | { readonly type: "no-news" }
  | { readonly type: "failed"; readonly error: PlainError }
  /** The child run that the command started has ended. */
  | { readonly type: "ended"; readonly outcome: string; readonly data: JsonObject };

export interface StartInput {
  readonly kind: "start";
  readonly runId: string;
  readonly flow: string;
  readonly flowVersion: number;
  readonly key: string | null;
  /** The caller's idempotency key. */
  readonly startId: string | null;
  readonly lane: number;
  readonly data: JsonObject;
  /** Absent: started by somebody outside. */
  readonly parent?: Parent;
  /** What the run is part of, from its first transition to its last. */
  readonly trace?: TraceContext;
}

export interface EventInput {
  readonly kind: "event";
  readonly runId: string;
  readonly id: string;
  readonly type: string;
  readonly data: Json;
  /** The command that it answers. Without it, it may answer any that waits for such an event. */
  readonly commandId?: string;
  /** Of the work that it comes from. It changes nothing about what the event is. */
  readonly trace?: TraceContext;
}

/** An event as its run's lane takes it in. One without an id gets one, so that our own repetitions of it are known. */
export function eventInput(
  runId: string,
  { id, type, data, commandId }: EventMessage,
  newId: () => string,
): EventInput {
  const named = commandId === undefined ? {} : { commandId };
  return { kind: "event", runId, id: id ?? newId(), type, data, ...named };
}

export interface SettledInput {
  readonly kind: "settled";
  readonly runId: string;
  readonly commandId: string;
  readonly attempt: number;
  readonly settlement: Settlement;
  /** Of the attempt. */
  readonly trace?: TraceContext;
}

/** A reply that came over a transport, as its run's lane takes it in. */
export function replyInput(reply: ReplyMessage, trace?: TraceContext): EventInput | SettledInput {
  const input = settledInput(reply);
  return trace === undefined ? input : { ...input, trace };
}

function settledInput(reply: ReplyMessage): EventInput | SettledInput {
  const { runId } = reply;
  if (reply.kind === "event") return { kind: "event", runId, ...reply.event };
  const { commandId, attempt } = reply;
  const settlement: Settlement =
    reply.kind === "answer"
      ? { type: "answered", event: reply.event }
      : { type: "failed", error: reply.error };
  return { kind: "settled", runId, commandId, attempt, settlement };
}

export interface TimerInput {
  readonly kind: "timer";
  readonly runId: string;
  readonly number: number;
}

/** What an operator may do to a run. */
export type Operation =
  /** Ends the run; with `compensate` its steps are taken back first. */
  | { readonly type: "cancel"; readonly compensate: boolean }
  /** Sends pending commands again, now; of a parked run it is the same as `redrive`. */
  | { readonly type: "retry" }
  /** Takes the dead letters in again, in order. */
  | { readonly type: "redrive" }
  /** Drops the dead letter that parked the run and takes in those behind it. */
  | { readonly type: "skip" }
  /** Puts the run into a state as if a transition had led there. */
  | { readonly type: "force"; readonly state: string; readonly data?: JsonObject }
  /** Moves the run to another version of its flow. */
  | { readonly type: "migrate"; readonly toVersion: number };

export interface OperationInput {
  readonly kind: "operation";
  readonly runId: string;
  /** A repeat with the same id changes nothing. */
  readonly id: string;
  readonly operation: Operation;
  /** Who asked for it, and why. */
  readonly by: string;
  readonly reason: string | null;
  /** A run that is not like this any more is left alone, and answers that the operation is stale. */
  readonly where?: RunCondition;
  /** Of the request in which it was asked for. */
  readonly trace?: TraceContext;
}

/** A dead letter that is taken in again. Comes from an operation, never from outside. */
export interface RedriveInput {
  readonly kind: "redrive";
  readonly runId: string;
  /** The version at which it became a dead letter, and why; null for one that only waited behind another. */
  readonly version: number;
  readonly reason: ParkReason | null;
  readonly input: LetterInput;
}

/** The row of the durable inbox in which the end of a child run waits for an engine that serves its parent; `commandId` has started it. */
export function childEndInboxId(commandId: string): string {
  return `ended:${commandId}`;
}

/** What can become a dead letter. */
export type LetterInput = EventInput | SettledInput | TimerInput;

/** Everything that can happen to a run. All of it goes through the run's lane. */
export type LaneInput = StartInput | EventInput | SettledInput | TimerInput | OperationInput | RedriveInput;
