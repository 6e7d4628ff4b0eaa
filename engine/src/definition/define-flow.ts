/**
 * `defineFlow`: a flow as TypeScript, with every name and every payload checked by the compiler.
 *
 * How the types work, for whoever changes them. `Data`, `Events`, `Commands`, the channels and the business states are inferred
 * where they are declared, and the states' names from the keys of `states`; everywhere else a name stands behind `NoInfer`,
 * so that a wrong one is an error at its place instead of one more candidate. The states are then typed by one `Vocabulary`.
 */
import type { CommandMessage, EventMessage, Json, JsonObject } from "@sluice/contracts/envelope";
import type { Static, TSchema, TUnsafe } from "typebox";
import type { Duration } from "../core/duration.ts";
import type {
  COMMAND_FAILED,
  CommandFailed,
  FlowDefinition,
  JsonSchema,
  RetryDefinition,
  Scene,
  TimerDefinition,
} from "../core/flow.ts";
import { rememberCaller } from "./flow-source.ts";

/**
 * Declares a flow; the answer is the same object as a `FlowDefinition`, which carries its types for `FlowTypes`.
 * An unknown state, event, command, channel or business state, a payload of the wrong shape and a rule that reads a field
 * which is not there are errors of the compiler. What no type can see (states nobody reaches, loops without a pause) is found
 * by `assertFlow` when an engine starts, and by `sluice check`.
 * @see docs/reference/definition.md
 */
export function defineFlow<
  const Events extends Schemas,
  const States extends string,
  const Data extends TSchema = TUnsafe<JsonObject>,
  const Channels extends string = string,
  const BusinessStates extends string = string,
  const Commands extends CommandSpecs<Name<NoInfer<Events>>, NoInfer<Channels>> = NoCommands,
>(
  flow: FlowForm<Events, States, Data, Channels, BusinessStates, Commands>,
): Flow<TypesOf<Static<Data>, Events, Commands, States>> {
  rememberCaller(flow, defineFlow);
  // The rules of a typed flow take its own data where FlowDefinition says any JSON; `data` is validated before each of them sees it.
  return flow as unknown as Flow<TypesOf<Static<Data>, Events, Commands, States>>;
}

declare const flowTypes: unique symbol;

/** A definition that knows its types. The symbol exists for the compiler alone. */
export interface Flow<Types> extends FlowDefinition {
  readonly [flowTypes]?: Types;
}

/**
 * The types of a flow, for its clients and participants:
 * `Data` of a run · `Events` and `Commands` by type, as messages · `Answers`: the events that may answer each command · `State`.
 *
 * ```ts
 * type Purchase = FlowTypes<typeof purchase>;
 * function issueTicket(command: Purchase["Commands"]["IssueTicket"]): Purchase["Answers"]["IssueTicket"]
 * ```
 */
export type FlowTypes<F> = F extends Flow<infer Types> ? Types : never;

interface TypesOf<Data, Events extends Schemas, Commands, State extends string> {
  readonly Data: Data;
  readonly Events: { readonly [E in Name<Events>]: EventMessage<E, Static<Events[E]>> };
  readonly Commands: { readonly [C in Name<Commands>]: CommandMessage<C, Carried<Commands[C]>> };
  readonly Answers: { readonly [C in Name<Commands>]: AnswersTo<Commands[C], Events> };
  readonly State: State;
}

type AnswersTo<Command, Events extends Schemas> = Command extends {
  readonly answers: readonly (infer E extends string)[];
}
  ? { [A in E]: A extends Name<Events> ? EventMessage<A, Static<Events[A]>> : never }[E]
  : never;

// ---------------------------------------------------------------- the form a user fills in

type Schemas = Readonly<Record<string, TSchema>>;
type Name<T> = keyof T & string;

interface FlowForm<
  Events extends Schemas,
  States extends string,
  Data extends TSchema,
  Channels extends string,
  BusinessStates extends string,
  Commands,
> {
  /** Letters, digits, `.`, `_` and `-`. It stands in URLs and in the run's history. */
  readonly name: string;
  /** A whole number from 1. Runs stay with the version they began with, so a change that matters gets a new one. */
  readonly version: number;
  readonly description?: string;
  /** Shape of the run's data; it holds after each update. @default any JSON object */
  readonly data?: Data;
  /** Everything that can happen to a run, with the shape of what it carries. */
  readonly events: Events;
  /** Channels that the deployment must bind. @default those the commands name */
  readonly channels?: readonly Channels[];
  /** What a run may ask of participants. */
  readonly commands?: Commands & OnlyKeysOf<CommandSpec<string, string>, NoInfer<Commands>>;
  /** The names people outside may see. @default whatever the states name */
  readonly businessStates?: readonly BusinessStates[];
  readonly initial: NoInfer<States>;
  /** A limit on the whole run, counted from its start. */
  readonly deadline?: TimerDefinition<NoInfer<States>, EmptyEvents<NoInfer<Events>>>;
  readonly states: {
    readonly [S in States]: StateForm<
      Vocabulary<Static<Data>, Events, NoInfer<Commands>, NoInfer<States>, NoInfer<BusinessStates>>
    >;
  };
}

interface CommandSpec<Event extends string, Channel extends string> {
  readonly channel: Channel;
  readonly data?: TSchema;
  readonly answers?: readonly Event[];
}
type CommandSpecs<Event extends string, Channel extends string> = Readonly<
  Record<string, CommandSpec<Event, Channel>>
>;
type NoCommands = Readonly<Record<never, never>>;

/** A type parameter takes whatever keys it is given; this makes those that nobody knows an error. */
type OnlyKeysOf<Known, Given> = {
  readonly [G in keyof Given]: { readonly [K in Exclude<keyof Given[G], keyof Known>]: never };
};

/** What a command carries; any JSON where it declares no shape. */
type Carried<Command> = Command extends { readonly data: infer Schema extends TSchema }
  ? Static<Schema>
  : Json;

/** Every name and payload that the states of one flow may use. */
interface Vocabulary<Data, Events extends Schemas, Commands, State, BusinessState> {
  readonly data: Data;
  readonly state: State;
  readonly businessState: BusinessState;
  readonly events: { readonly [E in Name<Events>]: Static<Events[E]> } & {
    readonly [COMMAND_FAILED]: CommandFailed;
  };
  readonly commands: { readonly [C in Name<Commands>]: Carried<Commands[C]> };
  readonly emptyEvents: EmptyEvents<Events>;
}
type AnyVocabulary = Vocabulary<unknown, Schemas, object, string, string>;

/** Events that need carry nothing: the only ones a timer can raise. */
type EmptyEvents<Events extends Schemas> = {
  [E in Name<Events>]: object extends Static<Events[E]> ? E : never;
}[Name<Events>];

type StateForm<V extends AnyVocabulary> = WaitingState<V> | FinalState<V>;

interface WaitingState<V extends AnyVocabulary> {
  readonly description?: string;
  /** The name of this state for people outside: many states may share one. */
  readonly businessState?: V["businessState"];
  /** Commands sent on entry, by type, each with what of the data it carries. */
  readonly send?: Sends<V>;
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
  readonly send: Sends<V>;
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

/** An object type without a key would take any: a flow without commands sends none. */
type Sends<V extends AnyVocabulary> = keyof V["commands"] extends never
  ? Readonly<Record<string, never>>
  : { readonly [C in keyof V["commands"]]?: ProjectionForm<V["data"], V["commands"][C]> };

/** What of the data a command carries: all of it, some fields by name, or what a pure function makes of it. */
type ProjectionForm<Data, Sent> =
  | ((data: Readonly<Data>) => Sent)
  | (Data extends Sent ? "data" : never)
  | { readonly pick: readonly Pickable<Data, Sent>[] };

/** Fields of the data that the command knows and whose type it takes. Whether they are all it needs is seen by `checkFlow`. */
type Pickable<Data, Sent> = Json extends Sent
  ? Name<Data>
  : {
      [K in Name<Data>]: K extends keyof Sent ? (Data[K] extends Sent[K] ? K : never) : never;
    }[Name<Data>];

/** One target alone, one transition, or several of which the first with a true guard is taken. */
type TransitionsForm<V extends AnyVocabulary, Payload> =
  V["state"] | TransitionForm<V, Payload> | readonly TransitionForm<V, Payload>[];

interface TransitionForm<V extends AnyVocabulary, Payload> {
  /** Absent: the run stays where it is; nothing is sent again and timers go on. */
  readonly target?: V["state"];
  /** A pure condition: a function, or a JSON Schema that `{ data, event }` must satisfy. */
  readonly guard?: Rule<V["data"], Payload, boolean> | { readonly schema: JsonSchema };
  /** A pure change of the data: a function, `"merge"` of the event's fields, or single values by JSON Pointer. */
  readonly update?:
    Rule<V["data"], Payload, V["data"]> | Merge<V["data"], Payload> | SetForm<V["data"], Payload>;
}

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
type Pointer<Root extends string, T> = `${Root}/${Name<T>}` | `${Root}/${Name<T>}/${string}`;
