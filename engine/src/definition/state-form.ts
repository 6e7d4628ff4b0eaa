/** What may stand in a state of `defineFlow`. Types alone; how they are inferred is told in define-flow.ts. */
import type { Json } from "@sluice/contracts/envelope";
import type { Static, TSchema } from "typebox";
import type { Duration } from "../core/duration.ts";
import type {
  CANCELED,
  COMMAND_FAILED,
  CommandFailed,
  JsonSchema,
  RetryDefinition,
  Scene,
  TimerDefinition,
} from "../core/flow.ts";

export type Schemas = Readonly<Record<string, TSchema>>;
export type Name<T> = keyof T & string;

/** Every name and payload that the states of one flow may use. */
export interface Vocabulary<Data, Events extends Schemas, Carried, State extends string, BusinessState> {
  readonly data: Data;
  readonly state: Target<State>;
  readonly businessState: BusinessState;
  readonly events: { readonly [E in Name<Events>]: Static<Events[E]> } & {
    readonly [COMMAND_FAILED]: CommandFailed;
  };
  /** What each command carries. */
  readonly commands: Carried;
  readonly emptyEvents: EmptyEvents<Events>;
}
export type AnyVocabulary = Vocabulary<unknown, Schemas, object, string, string>;

/** Where a run may be led: to a declared state, or to the end that every flow has. */
export type Target<State extends string> = State | typeof CANCELED;

/** Events that need carry nothing: the only ones a timer can raise. */
export type EmptyEvents<Events extends Schemas> = {
  [E in Name<Events>]: object extends Static<Events[E]> ? E : never;
}[Name<Events>];

/** `Sent` has a key for each command that this state sends. */
export type StateForm<V extends AnyVocabulary, Sent> = WaitingState<V, Sent> | FinalState<V>;

interface WaitingState<V extends AnyVocabulary, Sent> {
  readonly description?: string;
  /** The name of this state for people outside: many states may share one. */
  readonly businessState?: V["businessState"];
  /** Commands sent on entry, by type, each with what of the data it carries. */
  readonly send?: Sends<V> & Known<V, Sent>;
  /** How the commands of this state are taken back, by their type. */
  readonly undo?: Undos<V, NoInfer<Sent>>;
  /** What becomes of several commands. An answer counts when its transition has no target. */
  readonly join?: JoinForm<V>;
  /** Event to target. `commandFailed` comes when a command of this state has failed for good. */
  readonly on?: { readonly [E in keyof V["events"]]?: TransitionsForm<V, V["events"][E]> };
  /** Timers set at each entry, a self-transition included. */
  readonly after?: Timer<V> | readonly Timer<V>[];
  /** A limit on the whole visit: a self-transition does not push it away. */
  readonly deadline?: Timer<V>;
  readonly poll?: PollForm<V>;
  /** How the state's commands are tried again. */
  readonly retry?: RetryDefinition;
  readonly final?: never;
}

interface FinalState<V extends AnyVocabulary> {
  readonly description?: string;
  readonly businessState?: V["businessState"];
  /** Ends the run with this outcome. */
  readonly final: string;
  readonly send?: never;
  readonly undo?: never;
  readonly join?: never;
  readonly on?: never;
  readonly after?: never;
  readonly deadline?: never;
  readonly poll?: never;
  readonly retry?: never;
}

type Timer<V extends AnyVocabulary> = TimerDefinition<V["state"], V["emptyEvents"]>;

/** Asks a participant on a schedule while the run stays in the state; any answering event that the state takes ends it. */
interface PollForm<V extends AnyVocabulary> {
  /** The one query command. */
  readonly send: ByCommand<
    V,
    { readonly [C in keyof V["commands"]]: ProjectionForm<V["data"], V["commands"][C]> }
  >;
  /** Wait before the first query. @default `every` */
  readonly first?: Duration;
  readonly every: Duration;
  /** Growth of the wait from query to query. @default 1 */
  readonly factor?: number;
  /** The longest wait between two queries. @default no bound */
  readonly max?: Duration;
  /** When to stop asking, counted from the entry into the state. */
  readonly giveUp?: Timer<V>;
}

// ---------------------------------------------------------------- commands

type Sends<V extends AnyVocabulary> = ByCommand<
  V,
  {
    readonly [C in keyof V["commands"]]:
      ProjectionForm<V["data"], V["commands"][C]> | EachForm<V["data"], V["commands"][C]>;
  }
>;

/**
 * An object type without a key would take any: a flow without commands sends none. Where a mistake in a command has left the compiler
 * with no names at all, that mistake is the one to tell.
 */
type ByCommand<V extends AnyVocabulary, Forms> = keyof V["commands"] extends never
  ? Readonly<Record<string, never>>
  : string extends keyof V["commands"]
    ? unknown
    : Partial<Forms>;

/** Infers `Sent`. It makes any key a known one, so it has to refuse those that are no command itself. */
type Known<V extends AnyVocabulary, Sent> = {
  readonly [C in keyof Sent]: C extends keyof V["commands"]
    ? unknown
    : `the flow has no command ${C & string}`;
};

/** What of the data a command carries: all of it, some fields by name, or what a pure function makes of it. */
type ProjectionForm<Data, Sent> =
  | ((data: Readonly<Data>) => Sent | Literals)
  | WholeData<Data, Sent>
  | { readonly pick: readonly Pickable<Data, Sent>[] };

type WholeData<Data, Sent> = Data extends Sent ? "data" : never;

/** Fields of the data that the command knows and whose type it takes. Whether they are all it needs is seen by `checkFlow`. */
type Pickable<Data, Sent> = Json extends Sent
  ? Name<Data>
  : {
      [K in Name<Data>]: K extends keyof Sent ? (Data[K] extends Sent[K] ? K : never) : never;
    }[Name<Data>];

/** One command for each element of a list: those a pure function answers, or those of a list in the data. */
type EachForm<Data, Sent> =
  | { readonly each: (data: Readonly<Data>) => readonly (Sent | Literals)[] }
  | {
      readonly each: Pointer<"", Data>;
      /** The field that carries the element. Absent: the element is all that is carried. */
      readonly as?: Json extends Sent ? string : Name<Sent>;
      /** Fields of the data beside it. */
      readonly pick?: readonly Pickable<Data, Sent>[];
    };

/**
 * A state takes back only what it sends. A mapped type and no conditional one, which would make the compiler settle `Sent` when it meets
 * the first function here. The key that nobody has keeps the type of a state that sends nothing from being empty, and so taking anything.
 */
type Undos<V extends AnyVocabulary, Sent> = {
  readonly [C in keyof Sent & keyof V["commands"]]?: UndoForm<V, V["commands"][C]>;
} & { readonly ""?: never };

/**
 * How a command is taken back. The undo may come twice, may come when nobody knows whether the command was carried out, and wins
 * against one that arrives late.
 */
interface UndoForm<V extends AnyVocabulary, Carried> extends TakingBack<V, Carried> {
  /** Events by which the run learns that there is nothing to take back. */
  readonly unless?: readonly (keyof V["events"])[];
}

/** `Carried` is what the command carried that is taken back, or the event that told what was done. */
interface TakingBack<V extends AnyVocabulary, Carried> {
  /** The one command that takes it back. What it carries is taken from the data as it is when the step is over. */
  readonly send: OneOf<{
    readonly [C in keyof V["commands"]]: UndoProjectionForm<V["data"], Carried, V["commands"][C]>;
  }>;
  readonly retry?: RetryDefinition;
}

/** As a projection, with what was carried by the command that is taken back. */
type UndoProjectionForm<Data, Carried, Sent> =
  | ((data: Readonly<Data>, carried: Readonly<Carried>) => Sent | Literals)
  | WholeData<Data, Sent>
  | (Carried extends Sent ? "command" : never)
  | { readonly pick: readonly Pickable<Data, Sent>[] };

/** Exactly one of the keys. */
type OneOf<Forms> = {
  [K in keyof Forms]: { readonly [P in K]: Forms[P] } & { readonly [P in Exclude<keyof Forms, K>]?: never };
}[keyof Forms];

// ---------------------------------------------------------------- transitions

/** One target alone, one transition, or several of which the first with a true guard is taken. */
type TransitionsForm<V extends AnyVocabulary, Payload> =
  V["state"] | TransitionForm<V, Payload> | readonly TransitionForm<V, Payload>[];

type TransitionForm<V extends AnyVocabulary, Payload> = LeavingForm<V, Payload> | StayingForm<V, Payload>;

interface LeavingForm<V extends AnyVocabulary, Payload> extends RulesForm<V, Payload> {
  readonly target: V["state"];
  /** Takes back the completed steps first, newest first, and enters the target when that is done. */
  readonly compensate?: true;
}

interface StayingForm<V extends AnyVocabulary, Payload> extends RulesForm<V, Payload> {
  /** Absent: the run stays where it is; nothing is sent again and timers go on. */
  readonly target?: never;
  readonly compensate?: never;
}

interface RulesForm<V extends AnyVocabulary, Payload> {
  /** A pure condition: a function, or a JSON Schema that `{ data, event }` must satisfy. */
  readonly guard?: Rule<V["data"], Payload, boolean> | { readonly schema: JsonSchema };
  /** A pure change of the data: a function, `"merge"` of the event's fields, or single values by JSON Pointer. */
  readonly update?:
    Rule<V["data"], Payload, V["data"] | Literals> | Merge<V["data"], Payload> | SetForm<V["data"], Payload>;
  /** How that is taken back of which the event tells that it was done. `"command"` is what the event carried. */
  readonly undo?: TakingBack<V, Payload>;
}

/** What becomes of a state that sends several commands. */
interface JoinForm<V extends AnyVocabulary> {
  /** `all`: when each command is answered. `any`: at the first answer. */
  readonly wait: "all" | "any";
  /** Where the run goes then; the event is empty. */
  readonly then: V["state"] | JoinedForm<V> | readonly JoinedForm<V>[];
  /** With `any`: whether commands that are still under way are only given up, or taken back by their `undo`. @default "withdraw" */
  readonly losers?: "withdraw" | "undo";
}
type JoinedForm<V extends AnyVocabulary> = Omit<LeavingForm<V, Nothing>, "undo"> & { readonly undo?: never };
type Nothing = Readonly<Record<never, never>>;

/**
 * Nothing is of this type. It stands beside what a function returns, since the compiler looks at that before it knows the data: where a text
 * or a number may be expected by the letter it keeps `"vip"`, and does not make a `string` of it.
 */
type Literals = (("" | 0) & Nobody) | LiteralMembers | (readonly Literals[] & Nobody);
interface LiteralMembers extends Nobody {
  readonly [member: string]: Literals;
}
interface Nobody {
  readonly [nobody]: never;
}
declare const nobody: unique symbol;

type Rule<Data, Payload, Result> = (scene: Scene<Readonly<Data>, Readonly<Payload>>) => Result;

/** `"merge"` is for events whose every field is a field of the data, of its type. */
type Merge<Data, Payload> =
  Exclude<keyof Payload, keyof Data> extends never
    ? Payload extends Partial<Data>
      ? "merge"
      : never
    : never;

interface SetForm<Data, Payload> {
  readonly set: {
    readonly [P in Pointer<"", Data>]?:
      | { readonly from: Pointer<"/data", Data> | Pointer<"/event", Payload> | "/data" | "/event" }
      | { readonly value: Json };
  };
}

/** JSON Pointers whose first part is a known field; what lies deeper is checked when it runs, by the schema of the data. */
export type Pointer<Root extends string, T> = `${Root}/${Name<T>}` | `${Root}/${Name<T>}/${string}`;
