import type { CommandMessage, EventMessage, JsonObject } from "@sluice/contracts/envelope";

/** The words of a flow that a test may use, as `FlowTypes` gives them. */
export interface FlowWords {
  readonly Data: unknown;
  readonly Events: Readonly<Record<string, EventMessage<string, unknown>>>;
  readonly Commands: Readonly<Record<string, CommandMessage<string, unknown>>>;
  readonly Answers: Readonly<Record<string, EventMessage<string, unknown>>>;
  /** Commands that start child flows. */
  readonly Children: Readonly<Record<string, CommandMessage<string, unknown>>>;
  readonly State: string;
}

/** For a flow whose types nobody knows, such as one that was read from a file: any word is taken. */
export interface AnyWords extends FlowWords {
  readonly Data: JsonObject;
  readonly Events: Readonly<Record<string, EventMessage>>;
  readonly Commands: Readonly<Record<string, CommandMessage>>;
  readonly Answers: Readonly<Record<string, EventMessage>>;
  readonly Children: Readonly<Record<string, CommandMessage>>;
}

export type Word<T> = keyof T & string;

/** Types of all commands: those for participants, and those that start child flows. */
export type CommandWord<T extends FlowWords> = Word<T["Commands"]> | Word<T["Children"]>;

/** What a message of this name carries, as a test writes it down: for reading only. */
export type Carried<Messages, W extends keyof Messages> = Messages[W] extends { readonly data: infer D }
  ? ForReading<D>
  : never;

export type ForReading<T> = T extends readonly (infer Element)[]
  ? readonly ForReading<Element>[]
  : T extends object
    ? { readonly [K in keyof T]: ForReading<T[K]> }
    : T;

/** A state that a test can put a run into; while its steps are taken back a run has a past, which only happenings make. */
export type PlaceableState<T extends FlowWords> = Exclude<T["State"], "compensating">;
