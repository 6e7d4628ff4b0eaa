/**
 * `defineFlow`: a flow as TypeScript, with every name and every payload checked by the compiler.
 *
 * How the types work, for whoever changes them. `Data`, `Events`, `Commands`, the channels and the business states are inferred
 * where they are declared. `Sent` is inferred from the states, as one object: its keys are their names, and under each stand the commands
 * that this state sends. Everywhere else a name stands behind `NoInfer`, so that a wrong one is an error at its place instead of one more
 * candidate. The states are then typed by one `Vocabulary`, in state-form.ts.
 */
import type { CommandMessage, EventMessage, Json, JsonObject } from "@sluice/contracts/envelope";
import type { Static, TSchema, TUnsafe } from "typebox";
import type {
  CANCELED,
  COMPENSATING,
  FlowDefinition,
  MigrationDefinition,
  ScheduleDefinition,
  TimerDefinition,
} from "../core/flow.ts";
import { rememberCaller } from "./flow-source.ts";
import type { EmptyEvents, Name, Pointer, Schemas, StateForm, Target, Vocabulary } from "./state-form.ts";

/**
 * Declares a flow; the answer is the same object as a `FlowDefinition`, which carries its types for `FlowTypes`.
 * An unknown state, event, command, channel or business state, a payload of the wrong shape and a rule that reads a field
 * which is not there are errors of the compiler. What no type can see (states nobody reaches, loops without a pause) is found
 * by `assertFlow` when an engine starts, and by `sluice check`.
 * @see docs/reference/definition.md
 */
export function defineFlow<
  const Events extends Schemas,
  const Sent,
  const Data extends TSchema = TUnsafe<JsonObject>,
  const Channels extends string = string,
  const BusinessStates extends string = string,
  const Commands extends CommandSpecs<Name<NoInfer<Events>>, NoInfer<Channels>> = NoCommands,
>(
  flow: FlowForm<Events, Sent, Data, Channels, BusinessStates, Commands>,
): Flow<TypesOf<Static<Data>, Events, Commands, keyof Sent & string>> {
  rememberCaller(flow, defineFlow);
  // The rules of a typed flow take its own data where FlowDefinition says any JSON; `data` is validated before each of them sees it.
  return flow as unknown as Flow<TypesOf<Static<Data>, Events, Commands, keyof Sent & string>>;
}

/** A transition, or the way of a timer, that takes the completed steps back before it enters its target: `on: { Refused: compensate("failed") }`. */
export function compensate<const State extends string>(target: State): Compensating<State> {
  return { target, compensate: true };
}

/** @see compensate */
export interface Compensating<State extends string> {
  readonly target: State;
  readonly compensate: true;
}

declare const flowTypes: unique symbol;

/** A definition that knows its types. The symbol exists for the compiler alone. */
export interface Flow<Types> extends FlowDefinition {
  readonly [flowTypes]?: Types;
}

/**
 * The types of a flow, for its clients and participants:
 * `Data` of a run · `Events` and `Commands` by type, as messages · `Answers`: the events that may answer each command · `Children`: the
 * commands that start child flows, which are none of a participant's · `State`, the built-in ones included.
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
  readonly Commands: {
    readonly [C in ParticipantCommand<Commands>]: CommandMessage<C, Carried<Commands[C]>>;
  };
  readonly Answers: { readonly [C in ParticipantCommand<Commands>]: AnswersTo<Commands[C], Events> };
  readonly Children: {
    readonly [C in Exclude<Name<Commands>, ParticipantCommand<Commands>>]: CommandMessage<
      C,
      Carried<Commands[C]>
    >;
  };
  readonly State: State | typeof CANCELED | typeof COMPENSATING;
}

type ParticipantCommand<Commands> = {
  [C in Name<Commands>]: Commands[C] extends { readonly flow: string } ? never : C;
}[Name<Commands>];

type AnswersTo<Command, Events extends Schemas> = Command extends {
  readonly answers: readonly (infer E extends string)[];
}
  ? { [A in E]: A extends Name<Events> ? EventMessage<A, Static<Events[A]>> : never }[E]
  : never;

// ---------------------------------------------------------------- the form a user fills in

interface FlowForm<
  Events extends Schemas,
  Sent,
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
  /** What a run may ask of participants, and the child flows it may start. */
  readonly commands?: Commands & OnlyKeysOf<CommandSpec<string, string>, NoInfer<Commands>>;
  /** The names people outside may see. @default whatever the states name */
  readonly businessStates?: readonly BusinessStates[];
  readonly initial: Exclude<Name<NoInfer<Sent>>, typeof CANCELED>;
  /** A limit on the whole run, counted from its start. */
  readonly deadline?: TimerDefinition<Target<Name<NoInfer<Sent>>>, EmptyEvents<NoInfer<Events>>>;
  /** Starts runs by the clock. */
  readonly schedule?: ScheduleForm<Static<NoInfer<Data>>>;
  /** How runs of older versions come to this one. */
  readonly migrations?: readonly MigrationForm<Target<Name<NoInfer<Sent>>>, Static<NoInfer<Data>>>[];
  readonly states: {
    readonly [S in keyof Sent]: StateForm<
      Vocabulary<
        Static<Data>,
        Events,
        CarriedByAll<NoInfer<Commands>>,
        Name<NoInfer<Sent>>,
        NoInfer<BusinessStates>
      >,
      Sent[S]
    >;
  } & Unreserved;
}

/** The engine's own state, which a flow cannot declare. A text and not `never`, which would make all states one mistake. */
interface Unreserved {
  readonly [COMPENSATING]?: "every flow has this state, and none declares it";
}

type CommandSpec<Event extends string, Channel extends string> =
  ParticipantSpec<Event, Channel> | ChildSpec<Event>;

interface ParticipantSpec<Event extends string, Channel extends string> {
  /** Who carries it out: a channel that the deployment binds to a participant. */
  readonly channel: Channel;
  /** Shape of what the command carries. */
  readonly data?: TSchema;
  /** Events that answer it. A participant may return no other. */
  readonly answers?: readonly Event[];
  readonly flow?: never;
  readonly outcomes?: never;
  readonly whenLeft?: never;
}

interface ChildSpec<Event extends string> {
  /** Name of the flow that a child run is started of. Its newest version is taken. */
  readonly flow: string;
  /** The event that each outcome of the child answers with. It carries the child's data. */
  readonly outcomes: Readonly<Record<string, Event>>;
  /** What becomes of a child whose parent no longer waits for it. @default "cancel" */
  readonly whenLeft?: "cancel" | "keep";
  /** Shape of what the command carries: the data that the child begins with. */
  readonly data?: TSchema;
  readonly channel?: never;
  readonly answers?: never;
}

type CommandSpecs<Event extends string, Channel extends string> = Readonly<
  Record<string, CommandSpec<Event, Channel>>
>;
type NoCommands = Readonly<Record<never, never>>;

/** A type parameter takes whatever keys it is given; this makes those that nobody knows an error. */
type OnlyKeysOf<Known, Given> = {
  readonly [G in keyof Given]: { readonly [K in Exclude<keyof Given[G], keyof Known>]: never };
};

type CarriedByAll<Commands> = { readonly [C in Name<Commands>]: Carried<Commands[C]> };

/** What a command carries; any JSON where it declares no shape, and any object where it starts a run. */
type Carried<Command> = Command extends { readonly data: infer Schema extends TSchema }
  ? Static<Schema>
  : Command extends { readonly flow: string }
    ? JsonObject
    : Json;

type ScheduleForm<Data> = Omit<ScheduleDefinition, "data" | "dueField"> & ScheduledData<Data>;

/** The data of a scheduled run is all that the flow requires, but for the field that the due time is put into. */
type ScheduledData<Data> =
  | ({ readonly dueField?: never } & RequiredData<Data>)
  | { [F in DueField<Data>]: { readonly dueField: F } & RequiredData<Omit<Data, F>> }[DueField<Data>];

type DueField<Data> = { [F in Name<Data>]-?: string extends Data[F] ? F : never }[Name<Data>];

type RequiredData<Data> = JsonObject extends Data
  ? { readonly data?: Data }
  : object extends Data
    ? { readonly data?: Data }
    : { readonly data: Data };

interface MigrationForm<State extends string, Data> extends Omit<MigrationDefinition<State>, "data"> {
  /** From the old data to the new: a pure function, which may name the type of the old data, or single values. @default the data stays */
  readonly data?: FromOld<Data> | { readonly set: { readonly [P in Pointer<"", Data>]?: MigratedValue } };
}

/** Written as a method, because only those may take a narrower type than the one they are given: that of the old version's data. */
type FromOld<Data> = { convert(data: JsonObject): Data }["convert"];
type MigratedValue = { readonly from: `/data/${string}` | "/data" } | { readonly value: Json };
