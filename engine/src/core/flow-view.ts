/**
 * A definition as far as it can be read: whatever has the wrong shape is left out, so that a check or a drawing of any JSON ends
 * in an answer and never in an exception. Shapes themselves are checked by the published JSON Schema.
 */
import type { Place } from "./findings.ts";

export type Loose = Readonly<Record<string, unknown>>;

export interface FlowView {
  readonly raw: Loose;
  readonly name: string;
  readonly initial: string | null;
  /** Declared events with their schemas. */
  readonly events: ReadonlyMap<string, unknown>;
  readonly commands: ReadonlyMap<string, CommandView>;
  /** Null when the definition leaves them open. */
  readonly channels: readonly TextView[] | null;
  readonly businessStates: readonly TextView[] | null;
  readonly deadline: TimerView | null;
  /** As it stands there; null when there is none. */
  readonly schedule: Loose | null;
  readonly migrations: readonly MigrationView[];
  readonly states: ReadonlyMap<string, StateView>;
}

/** A text and where it stands. */
export interface TextView {
  readonly text: string;
  readonly path: string;
}

export interface CommandView {
  readonly raw: Loose;
  readonly path: string;
  readonly channel: string | null;
  /** The flow it starts a run of; null for a participant's command. */
  readonly child: string | null;
  /** Of a child flow: the events that its outcomes answer with. */
  readonly answers: readonly TextView[];
  /** Of a child flow: the outcomes that are listed. */
  readonly outcomes: readonly string[];
}

export interface MigrationView {
  readonly raw: Loose;
  readonly path: string;
  readonly from: unknown;
  /** Where the states go that are called otherwise. */
  readonly moves: readonly MoveView[];
}

export interface MoveView {
  readonly from: string;
  readonly target: string | null;
  readonly targetPath: string;
  /** Null for the short form, which is a target alone. */
  readonly raw: Loose | null;
  readonly path: string;
}

export interface StateView {
  readonly raw: Loose;
  readonly path: string;
  readonly name: string;
  readonly businessState: string | null;
  readonly isFinal: boolean;
  readonly outcome: string | null;
  readonly send: readonly SendView[];
  readonly undo: readonly UndoView[];
  readonly join: JoinView | null;
  readonly on: readonly TransitionView[];
  readonly timers: readonly TimerView[];
  readonly poll: PollView | null;
}

export interface SendView {
  readonly type: string;
  readonly projection: unknown;
  readonly path: string;
}

export interface UndoView {
  /** The command, or the event of a transition, that is taken back. */
  readonly type: string;
  readonly raw: Loose;
  readonly path: string;
  readonly send: readonly SendView[];
  readonly unless: readonly TextView[];
}

export interface JoinView {
  readonly raw: Loose;
  readonly path: string;
  readonly isAny: boolean;
  readonly then: readonly TransitionView[];
}

export interface TransitionView {
  /** Null for those of a join, which no event leads to. */
  readonly event: string | null;
  /** Null stays in the state. */
  readonly target: string | null;
  readonly targetPath: string;
  readonly compensates: boolean;
  readonly isGuarded: boolean;
  /** Of what the event tells that it was done. */
  readonly undo: UndoView | null;
  /** Place in the list of its event's transitions. */
  readonly index: number;
  /** Null for the short form, which is a target alone. */
  readonly raw: Loose | null;
  readonly path: string;
}

export interface TimerView {
  readonly kind: "after" | "deadline" | "give-up" | "flow-deadline";
  readonly delay: unknown;
  readonly target: string | null;
  readonly event: string | null;
  readonly compensates: boolean;
  readonly raw: Loose;
  readonly path: string;
}

export interface PollView {
  readonly raw: Loose;
  readonly path: string;
  readonly send: readonly SendView[];
  readonly giveUp: TimerView | null;
}

/** Whether a value is an object with named fields. */
export function isLoose(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object with named fields; empty when it is none. */
export function toLoose(value: unknown): Loose {
  return isLoose(value) ? value : {};
}

export function toText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** A state as the subject of a finding. */
export function stateNamed(name: string): Place {
  return { subject: `state ${name}`, state: name };
}

/** Whether the state does something about an event. */
export function takes(state: StateView, event: string): boolean {
  return state.on.some((transition) => transition.event === event);
}

/** Every undo of a state: of the commands that it sends, and of what its events tell. */
export function undosOf({ undo, on }: StateView): readonly UndoView[] {
  return [...undo, ...on.flatMap((transition) => transition.undo ?? [])];
}

/** Whether a command is sent for each element of a list. */
export function isList(projection: unknown): boolean {
  return isLoose(projection) && projection["each"] !== undefined;
}
