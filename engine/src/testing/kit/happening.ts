/** What can happen to a run of a scene, each told in the past tense: `given(…).when(event("OrderPaid"), elapsed("15m"))`. */
import type { EventMessage, Json } from "@sluice/contracts/envelope";
import type { ErrorKind } from "@sluice/contracts/problem";
import type { Duration } from "../../core/duration.ts";
import type { Operation } from "../../core/inputs.ts";
import type {
  AnyWords,
  Carried,
  CommandWord,
  FlowWords,
  ForReading,
  PlaceableState,
  Word,
} from "./flow-words.ts";

/** What an event carries when nothing is said: enough where its schema requires nothing. */
export type Nothing = Readonly<Record<never, never>>;

export interface EventHappened<E extends string = string, D = unknown> {
  readonly kind: "event";
  readonly type: E;
  readonly data: D;
  readonly id: string | null;
}

/** Something about a command that is under way: the oldest of its type, or the one that `nth` names. */
interface AboutCommand<C extends string> {
  readonly command: C;
  /** Which of several of this type, counted from 1 in the order of sending. */
  readonly nth: number;
}

export interface CommandAnswered<
  C extends string = string,
  E extends string = string,
  D = unknown,
> extends AboutCommand<C> {
  readonly kind: "answered";
  readonly event: { readonly type: E; readonly data: D };
}

export interface CommandDelivered<C extends string = string> extends AboutCommand<C> {
  readonly kind: "delivered";
}

export interface AttemptFailed<C extends string = string> extends AboutCommand<C> {
  readonly kind: "failed";
  readonly code: string;
  readonly errorKind: ErrorKind;
}

export interface ChildEnded<C extends string = string> extends AboutCommand<C> {
  readonly kind: "ended";
  readonly outcome: string;
  readonly data: Readonly<Record<string, Json>>;
}

export interface TimeElapsed {
  readonly kind: "elapsed";
  readonly duration: Duration;
}

export interface Operated<State extends string = string, Data = unknown> {
  readonly kind: "operated";
  readonly operation:
    | Exclude<Operation, { readonly type: "force" | "migrate" }>
    | { readonly type: "force"; readonly state: State; readonly data?: Data };
}

/** Whatever may happen to a run of this flow. */
export type Happening<T extends FlowWords = AnyWords> =
  | { [E in Word<T["Events"]>]: EventHappened<E, Carried<T["Events"], E>> }[Word<T["Events"]>]
  | { [C in Word<T["Answers"]>]: AnsweredBy<C, T["Answers"][C]> }[Word<T["Answers"]>]
  | CommandDelivered<CommandWord<T>>
  | AttemptFailed<CommandWord<T>>
  | ChildEnded<Word<T["Children"]>>
  | TimeElapsed
  | Operated<PlaceableState<T>, ForReading<T["Data"]>>;

type AnsweredBy<C extends string, Answer> =
  Answer extends EventMessage<infer E, infer D> ? CommandAnswered<C, E, ForReading<D>> : never;

/** Something happened and was told to the run. A second one under the same id is a repeat. */
export function event<E extends string>(type: E): EventHappened<E, Nothing>;
export function event<E extends string, const D extends Json>(
  type: E,
  data: D,
  id?: string,
): EventHappened<E, D>;
export function event(type: string, data: Json = {}, id: string | null = null): EventHappened {
  return { kind: "event", type, data, id };
}

/** A participant has carried a command out and answered with this event. */
export function answered<C extends string, E extends string>(
  command: C,
  type: E,
): CommandAnswered<C, E, Nothing>;
export function answered<C extends string, E extends string, const D extends Json>(
  command: C,
  type: E,
  data: D,
): CommandAnswered<C, E, D>;
export function answered(command: string, type: string, data: Json = {}): CommandAnswered {
  return { kind: "answered", command, nth: 1, event: { type, data } };
}

/** A participant has taken a command and answers later, with an event; to the query of a poll there was no news. */
export function delivered<C extends string>(command: C): CommandDelivered<C> {
  return { kind: "delivered", command, nth: 1 };
}

/** An attempt of a command has failed. Its kind decides whether there is another: after `invalid` there is none. */
export function failed<C extends string>(
  command: C,
  code = "TEST_FAILED",
  kind: ErrorKind = "unavailable",
): AttemptFailed<C> {
  return { kind: "failed", command, nth: 1, code, errorKind: kind };
}

/** The child run that a command started has ended, with this outcome and its data. */
export function ended<C extends string>(
  command: C,
  outcome: string,
  data: Readonly<Record<string, Json>> = {},
): ChildEnded<C> {
  return { kind: "ended", command, nth: 1, outcome, data };
}

/** The same about another of several commands of one type, counted from 1 in the order of sending. */
export function nth<H extends AboutCommand<string>>(number: number, happening: H): H {
  return { ...happening, nth: number };
}

/** Time passed, and the timers that came due in it fired, each at its time. */
export function elapsed(duration: Duration): TimeElapsed {
  return { kind: "elapsed", duration };
}

/** An operator has ended the run; with `compensate` its steps are taken back first. */
export function canceled({ compensate = false }: { readonly compensate?: boolean } = {}): Operated<
  never,
  never
> {
  return { kind: "operated", operation: { type: "cancel", compensate } };
}

/** An operator has had the pending commands sent again. */
export function retried(): Operated<never, never> {
  return { kind: "operated", operation: { type: "retry" } };
}

/** An operator has had the dead letters taken in again, in order. */
export function redriven(): Operated<never, never> {
  return { kind: "operated", operation: { type: "redrive" } };
}

/** An operator has dropped the dead letter that parked the run. */
export function skipped(): Operated<never, never> {
  return { kind: "operated", operation: { type: "skip" } };
}

/** An operator has put the run into a state. */
export function forced<State extends string>(state: State): Operated<State, never>;
export function forced<State extends string, const D extends Json>(state: State, data: D): Operated<State, D>;
export function forced(state: string, data?: Json): Operated {
  return { kind: "operated", operation: { type: "force", state, ...(data === undefined ? {} : { data }) } };
}
