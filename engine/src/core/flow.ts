import type { CommandMessage, Json, JsonObject } from "@sluice/contracts/envelope";
import type { ErrorKind } from "@sluice/contracts/problem";
import type { Duration } from "./duration.ts";

/** A JSON Schema (2020-12 keywords). TypeBox types are such schemas. */
export type JsonSchema = object;

/** What of a run's data a command carries: all of it, some named fields, or the result of a pure function. */
export type Projection<Data = JsonObject, Sent = Json> =
  "data" | { readonly pick: readonly string[] } | ((data: Data) => Sent);

/** One command for each element of a list in the data: `each` answers what the commands carry, at most FAN_OUT_MAX of them. */
export type Projections<Data = JsonObject, Sent = Json> =
  Projection<Data, Sent> | EachElement | { readonly each: (data: Data) => readonly Sent[] };

/** The list by JSON Pointer into the data. With `as` an element is carried under that name, beside the fields of `pick`. */
export interface EachElement {
  readonly each: string;
  readonly as?: string;
  readonly pick?: readonly string[];
}

/** What an undo carries: as a projection, or what the command carried that it takes back, or both through a pure function. */
export type UndoProjection<Data = JsonObject, Carried = Json, Sent = Json> =
  "data" | "command" | { readonly pick: readonly string[] } | ((data: Data, carried: Carried) => Sent);

/** The most commands one state sends in one visit. More is work for several runs. */
export const FAN_OUT_MAX = 1_000;

/** The most completed steps a run remembers to take back. They are stored with the run, so a loop that has no end ends here. */
export const STEPS_MAX = 10_000;

/** What a guard and an update may look at. */
export interface Scene<Data = JsonObject, Payload = Json> {
  readonly data: Data;
  readonly event: Payload;
}

/** A pure condition: a function, or a JSON Schema that `{ data, event }` must satisfy. */
export type Guard<Data = JsonObject, Payload = Json> =
  ((scene: Scene<Data, Payload>) => boolean) | { readonly schema: JsonSchema };

/**
 * A pure change of the run's data: a function that returns the new data; `"merge"`, which lays the event's fields over
 * the data, first level only; or `set`, which takes single values from `/data/…` or `/event/…` (JSON Pointer) or as constants.
 */
export type Update<Data = JsonObject, Payload = Json> =
  ((scene: Scene<Data, Payload>) => Data) | "merge" | { readonly set: Readonly<Record<string, SetValue>> };
export type SetValue = { readonly from: string } | { readonly value: Json };

/** Event to target. Without a target the run stays where it is: nothing is sent again and timers go on. */
export interface TransitionDefinition<State extends string = string, Data = JsonObject, Payload = Json> {
  readonly target?: State;
  readonly guard?: Guard<Data, Payload>;
  readonly update?: Update<Data, Payload>;
  /** Takes back the completed steps first, newest first, and enters the target when that is done. */
  readonly compensate?: true;
  /** How that is taken back of which the event tells that it was done. Not in a join, where there is no event. */
  readonly undo?: EventUndoDefinition;
}

/** One transition, its target alone, or several of which the first with a true guard is taken. */
export type TransitionsDefinition<State extends string = string, Data = JsonObject, Payload = Json> =
  State | TransitionDefinition<State, Data, Payload> | readonly TransitionDefinition<State, Data, Payload>[];

/** A durable timer: at its due time the run goes to `target`, or meets `event` as if somebody had sent it with an empty payload. */
export type TimerDefinition<State extends string = string, Event extends string = string> =
  | { readonly delay: Duration; readonly target: State; readonly compensate?: true; readonly event?: never }
  | { readonly delay: Duration; readonly event: Event; readonly compensate?: never; readonly target?: never };

/** How the state's command is tried again. Absent fields take DEFAULT_RETRY. */
export interface RetryDefinition {
  /** Attempts in all, the first included. */
  readonly attempts?: number;
  readonly first?: Duration;
  readonly factor?: number;
  readonly max?: Duration;
  readonly jitter?: "full" | "none";
  /** Error codes that are not tried again. */
  readonly never?: readonly string[];
}

/** Asks a participant on a schedule while the run stays in the state; any answering event that the state takes ends it. */
export interface PollDefinition<
  State extends string = string,
  Event extends string = string,
  Send = Readonly<Record<string, Projection>>,
> {
  /** The one query command. */
  readonly send: Send;
  /** Wait before the first query. @default `every` */
  readonly first?: Duration;
  readonly every: Duration;
  /** Growth of the wait from query to query. @default 1 */
  readonly factor?: number;
  /** The longest wait between two queries. @default no bound */
  readonly max?: Duration;
  /** When to stop asking, counted from the entry into the state. */
  readonly giveUp?: TimerDefinition<State, Event>;
}

/**
 * How a command is taken back. The undo may come twice, may come when nobody knows whether the command was carried out, and wins
 * against one that arrives late.
 */
export interface UndoDefinition<
  Send = Readonly<Record<string, UndoProjection>>,
  Event extends string = string,
> {
  /** The one command that takes it back. What it carries is taken from the data as it is when the step is over. */
  readonly send: Send;
  /** Events by which the run learns that there is nothing to take back. */
  readonly unless?: readonly Event[];
  readonly retry?: RetryDefinition;
}

/**
 * How something is taken back that no command of the run has done, a payment that a callback confirms say. `"command"` is what the event
 * carried.
 */
export type EventUndoDefinition<Send = Readonly<Record<string, UndoProjection>>> = Omit<
  UndoDefinition<Send>,
  "unless"
>;

/** What becomes of a state that sends several commands. An answer counts when its transition has no target. */
export interface JoinDefinition<Transitions = TransitionsDefinition> {
  /** `all`: when each command is answered. `any`: at the first answer. */
  readonly wait: "all" | "any";
  /** Where the run goes then; the event is empty. */
  readonly then: Transitions;
  /** With `any`: whether commands that are still under way are only given up, or taken back by their `undo`. @default "withdraw" */
  readonly losers?: "withdraw" | "undo";
}

/** Starts runs by the clock. */
export interface ScheduleDefinition<Data = JsonObject> {
  /** Five or six fields: minute, hour, day of month, month, day of week, with seconds before them if there are six. */
  readonly cron: string;
  /** An IANA time zone. @default "UTC" */
  readonly timeZone?: string;
  /**
   * What becomes of times that passed while no engine ran: `none` are skipped, the `last` one is made up for, or `all` of them are, at most
   * CATCH_UP_MAX. @default "last"
   */
  readonly catchUp?: "none" | "last" | "all";
  /** Field of the data that takes the due time, as ISO 8601. @default none */
  readonly dueField?: string;
  /** Data of the run. @default {} */
  readonly data?: Data;
}

/** The due times of a schedule after `afterMs` and up to `untilMs`, in ms since 1970: the newest `max` of them, in order. Core knows no package. */
export type ListDueTimes = (
  schedule: { readonly cron: string; readonly timeZone: string },
  span: { readonly afterMs: number; readonly untilMs: number; readonly max: number },
) => readonly number[];

/** How runs of an older version become runs of this one. */
export interface MigrationDefinition<State extends string = string, Data = JsonObject> {
  readonly from: number;
  /** States that are called otherwise here, by their old names; `enter` begins the new state afresh. All others keep their name. */
  readonly states?: Readonly<Record<string, State | { readonly target: State; readonly enter?: boolean }>>;
  /** From the old data to the new. @default the data stays */
  readonly data?: ((data: JsonObject) => Data) | { readonly set: Readonly<Record<string, SetValue>> };
}

export interface CommandDefinition {
  /** Who carries it out: a channel that the deployment binds to a participant. Absent for a child flow. */
  readonly channel?: string;
  /** Name of the flow a child run is started of. Its newest version is taken. */
  readonly flow?: string;
  /** Child flow: the event that each outcome of the child answers with. It carries the child's data. */
  readonly outcomes?: Readonly<Record<string, string>>;
  /** Child flow: what becomes of a child whose parent no longer waits for it. @default "cancel" */
  readonly whenLeft?: "cancel" | "keep";
  /** Shape of what the command carries. */
  readonly data?: JsonSchema;
  /** Events that answer it. A participant may return no other. */
  readonly answers?: readonly string[];
}

export interface StateDefinition {
  readonly description?: string;
  /** The name of this state for people outside: many states may share one. */
  readonly businessState?: string;
  /** Commands sent on entry, by type. */
  readonly send?: Readonly<Record<string, Projections>>;
  /** How the commands of this state are taken back, by their type. */
  readonly undo?: Readonly<Record<string, UndoDefinition>>;
  readonly join?: JoinDefinition;
  readonly on?: Readonly<Record<string, TransitionsDefinition>>;
  /** Timers set at each entry, a self-transition included. */
  readonly after?: TimerDefinition | readonly TimerDefinition[];
  /** A limit on the whole visit: a self-transition does not push it away. */
  readonly deadline?: TimerDefinition;
  readonly poll?: PollDefinition;
  readonly retry?: RetryDefinition;
  /** Ends the run with this outcome. */
  readonly final?: string;
}

/** A flow as data: what `defineFlow` returns and what a JSON or YAML file holds. */
export interface FlowDefinition {
  readonly name: string;
  /** A whole number from 1. Runs stay with the version they began with. */
  readonly version: number;
  readonly description?: string;
  /** Shape of the run's data; it holds after each update. */
  readonly data?: JsonSchema;
  readonly events: Readonly<Record<string, JsonSchema>>;
  /** Channels that the deployment must bind. Absent: those the commands name. */
  readonly channels?: readonly string[];
  readonly commands?: Readonly<Record<string, CommandDefinition>>;
  /** The business states there are. Absent: whatever the states name. */
  readonly businessStates?: readonly string[];
  readonly initial: string;
  /** A limit on the whole run, counted from its start. */
  readonly deadline?: TimerDefinition;
  readonly schedule?: ScheduleDefinition;
  /** How runs of older versions come to this one. */
  readonly migrations?: readonly MigrationDefinition[];
  readonly states: Readonly<Record<string, StateDefinition>>;
}

/** Where a run is while its steps are taken back. Every flow has this state; none declares it. */
export const COMPENSATING = "compensating";
/** Where a canceled run ends, and its outcome there. A flow may declare a state of this name; else it is final. */
export const CANCELED = "canceled";
/** The channel of child flows: they need no participant. */
export const FLOW_CHANNEL = "$flow";

/** The event a run meets when a command has failed for good. A definition may handle it; it is never declared. */
export const COMMAND_FAILED = "commandFailed";

/** What that event carries. A type alias, because only those are assignable to `Json`. */
export type CommandFailed = {
  readonly commandId: string;
  /** Type of the command. */
  readonly type: string;
  readonly attempts: number;
  readonly error: { readonly code: string; readonly kind: ErrorKind; readonly message: string };
};

/** A place where a value breaks its schema, or a schema is none: a JSON Pointer and a sentence. */
export interface SchemaFault {
  readonly path: string;
  readonly message: string;
  /** What to do, where that can be guessed. */
  readonly hint?: string;
}

/** Checks a value; null when it fits. */
export type Validate = (value: unknown) => readonly SchemaFault[] | null;

/** Turns a JSON Schema into a check. The engine gives it ajv; core knows no package. */
export type CompileSchema = (schema: JsonSchema) => Validate;

export type AnyCommand = CommandMessage;
