/**
 * From the definition a user writes to the form that `decide` walks: shorthands spelled out, durations in milliseconds,
 * schemas compiled, guards and updates as functions. Expects a definition that `checkFlow` found free of errors.
 */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import { isJsonObject } from "@sluice/contracts/envelope";
import { DEFAULT_RETRY } from "./backoff.ts";
import type { RetryPolicy } from "./backoff.ts";
import { durationMs } from "./duration.ts";
import { compileProjection, compileProjections, compileUndoProjection } from "./compile-projection.ts";
import { engineError } from "./errors.ts";
import { CANCELED, COMPENSATING, FLOW_CHANNEL } from "./flow.ts";
import type {
  CommandDefinition,
  CompileSchema,
  FlowDefinition,
  Guard,
  JoinDefinition,
  MigrationDefinition,
  PollDefinition,
  Projections,
  RetryDefinition,
  Scene,
  ScheduleDefinition,
  SetValue,
  StateDefinition,
  TimerDefinition,
  TransitionDefinition,
  TransitionsDefinition,
  UndoDefinition,
  Update,
  Validate,
} from "./flow.ts";
import { getPointer, setPointer } from "./pointer.ts";

export interface CompiledFlow {
  readonly definition: FlowDefinition;
  readonly name: string;
  readonly version: number;
  readonly initial: string;
  readonly validateData: Validate;
  readonly events: ReadonlyMap<string, Validate>;
  readonly commands: ReadonlyMap<string, CompiledCommand>;
  readonly deadline: CompiledTimer | null;
  readonly schedule: CompiledSchedule | null;
  /** How runs come here, by the version they come from. */
  readonly migrations: ReadonlyMap<number, CompiledMigration>;
  readonly states: ReadonlyMap<string, CompiledState>;
}

export interface CompiledCommand {
  readonly type: string;
  readonly channel: string;
  readonly validate: Validate;
  readonly answers: ReadonlySet<string>;
  /** Null for a participant's command. */
  readonly child: CompiledChild | null;
}

export interface CompiledChild {
  readonly flow: string;
  readonly outcomes: ReadonlyMap<string, string>;
  readonly isCanceledWhenLeft: boolean;
}

export interface CompiledUndo {
  readonly command: CompiledCommand;
  readonly project: (data: JsonObject, carried: Json) => Json;
  readonly unless: ReadonlySet<string>;
  readonly retry: RetryPolicy;
}

export interface CompiledJoin {
  readonly wait: "all" | "any";
  readonly then: readonly CompiledTransition[];
  readonly undoesLosers: boolean;
}

export interface CompiledSchedule {
  readonly cron: string;
  readonly timeZone: string;
  readonly catchUp: "none" | "last" | "all";
  readonly data: JsonObject;
  readonly dueField?: string;
}

export interface CompiledMigration {
  readonly states: ReadonlyMap<string, { readonly target: string; readonly isEntered: boolean }>;
  readonly data: ((data: JsonObject) => JsonObject) | null;
}

export interface CompiledState {
  readonly name: string;
  readonly businessState: string | null;
  readonly outcome: string | null;
  readonly send: readonly CompiledSend[];
  readonly on: ReadonlyMap<string, readonly CompiledTransition[]>;
  readonly after: readonly CompiledTimer[];
  readonly deadline: CompiledTimer | null;
  readonly poll: CompiledPoll | null;
  readonly retry: RetryPolicy;
  /** By the type of the command that is taken back. */
  readonly undo: ReadonlyMap<string, CompiledUndo>;
  readonly join: CompiledJoin | null;
}

export interface CompiledSend {
  readonly command: CompiledCommand;
  /** What each command carries that this sends: one, or one for each element of a list. */
  readonly project: (data: JsonObject) => readonly Json[];
}

export interface CompiledTransition {
  /** Null stays in the state without entering it again. */
  readonly target: string | null;
  readonly guard: ((scene: Scene) => boolean) | null;
  readonly update: ((scene: Scene) => JsonObject) | null;
  readonly compensates: boolean;
  /** Of what the event tells that it was done. */
  readonly undo: CompiledUndo | null;
}

export interface CompiledTimer {
  readonly delayMs: number;
  readonly target: string | null;
  readonly event: string | null;
  readonly compensates: boolean;
}

export interface CompiledPoll {
  readonly command: CompiledCommand;
  readonly project: (data: JsonObject) => Json;
  readonly firstMs: number;
  readonly everyMs: number;
  readonly factor: number;
  readonly waitMsMax: number;
  readonly giveUp: CompiledTimer | null;
}

/**
 * @throws FLOW_BAD_DEFINITION (invalid) when a name or duration cannot be resolved; `checkFlow` says more, so call it first
 */
export function compileFlow(definition: FlowDefinition, compileSchema: CompileSchema): CompiledFlow {
  const commands = new Map(
    Object.entries(definition.commands ?? {}).map(([type, command]) => [
      type,
      compileCommand(type, command, compileSchema),
    ]),
  );
  return {
    definition,
    name: definition.name,
    version: definition.version,
    initial: definition.initial,
    validateData: definition.data === undefined ? acceptAll : compileSchema(definition.data),
    events: new Map(Object.entries(definition.events).map(([type, schema]) => [type, compileSchema(schema)])),
    commands,
    deadline: compileTimer(definition.deadline),
    schedule: definition.schedule === undefined ? null : compileSchedule(definition.schedule),
    migrations: new Map((definition.migrations ?? []).map((each) => [each.from, compileMigration(each)])),
    states: new Map(
      Object.entries({ ...BUILT_IN_STATES, ...definition.states }).map(([name, state]) => [
        name,
        compileState(name, state, { commands, compileSchema }),
      ]),
    ),
  };
}

/** What the parts of a state are compiled with. */
interface Parts {
  readonly commands: ReadonlyMap<string, CompiledCommand>;
  readonly compileSchema: CompileSchema;
}

/** States every flow has. Only `canceled` may be declared, to say what follows a cancellation. */
export const BUILT_IN_STATES: Readonly<Record<string, StateDefinition>> = {
  [COMPENSATING]: {},
  [CANCELED]: { final: CANCELED },
};

const acceptAll: Validate = () => null;

function compileCommand(
  type: string,
  command: CommandDefinition,
  compileSchema: CompileSchema,
): CompiledCommand {
  const child = command.flow === undefined ? null : compileChild(command.flow, command);
  return {
    type,
    channel: child === null ? (command.channel ?? "") : FLOW_CHANNEL,
    validate: command.data === undefined ? acceptAll : compileSchema(command.data),
    answers: new Set(child === null ? (command.answers ?? []) : child.outcomes.values()),
    child,
  };
}

function compileChild(flow: string, { outcomes = {}, whenLeft }: CommandDefinition): CompiledChild {
  return { flow, outcomes: new Map(Object.entries(outcomes)), isCanceledWhenLeft: whenLeft !== "keep" };
}

function compileState(name: string, state: StateDefinition, parts: Parts): CompiledState {
  const { commands } = parts;
  const place = `state ${name}`;
  return {
    name,
    businessState: state.businessState ?? null,
    outcome: state.final ?? null,
    send: compileSends(place, state.send, commands),
    on: new Map(
      Object.entries(state.on ?? {}).map(([event, transitions]) => [
        event,
        compileTransitions(`${event} in ${place}`, transitions, parts),
      ]),
    ),
    after: listTimers(state.after).map((timer) => compileTimer(timer)),
    deadline: compileTimer(state.deadline),
    poll: state.poll === undefined ? null : compilePoll(name, state.poll, commands),
    retry: compileRetry(state.retry),
    undo: new Map(
      Object.entries(state.undo ?? {}).map(([type, undo]) => [
        type,
        compileUndo(`${type} in ${place}`, undo, commands),
      ]),
    ),
    join: state.join === undefined ? null : compileJoin(place, state.join, parts),
  };
}

function compileUndo(
  what: string,
  undo: UndoDefinition,
  commands: ReadonlyMap<string, CompiledCommand>,
): CompiledUndo {
  const [command, projection] = requireOne(`the undo of ${what}`, undo.send, commands);
  return {
    command,
    project: compileUndoProjection(projection),
    unless: new Set(undo.unless ?? []),
    retry: compileRetry(undo.retry),
  };
}

function compileJoin(place: string, join: JoinDefinition, parts: Parts): CompiledJoin {
  return {
    wait: join.wait,
    then: compileTransitions(`the join of ${place}`, join.then, parts),
    undoesLosers: join.losers === "undo",
  };
}

function compileSchedule({ cron, timeZone, catchUp, data, dueField }: ScheduleDefinition): CompiledSchedule {
  return {
    cron,
    timeZone: timeZone ?? "UTC",
    catchUp: catchUp ?? "last",
    data: data ?? {},
    ...(dueField === undefined ? {} : { dueField }),
  };
}

function compileMigration({ states = {}, data }: MigrationDefinition): CompiledMigration {
  return {
    states: new Map(
      Object.entries(states).map(([from, to]) => [
        from,
        typeof to === "string"
          ? { target: to, isEntered: false }
          : { target: to.target, isEntered: to.enter === true },
      ]),
    ),
    data: data === undefined ? null : typeof data === "function" ? data : compileMoves(data.set),
  };
}

function compileMoves(set: Readonly<Record<string, SetValue>>): (data: JsonObject) => JsonObject {
  const update = compileUpdate({ set });
  return (data) => update({ data, event: {} });
}

function compileTransitions(
  what: string,
  transitions: TransitionsDefinition,
  parts: Parts,
): readonly CompiledTransition[] {
  return listTransitions(transitions).map((transition) => compileTransition(what, transition, parts));
}

/** The transitions of one event, whichever way they are written. */
export function listTransitions(transitions: TransitionsDefinition): readonly TransitionDefinition[] {
  if (typeof transitions === "string") return [{ target: transitions }];
  return Array.isArray(transitions) ? transitions : [transitions as TransitionDefinition];
}

/** The timers of a state, whichever way they are written. */
export function listTimers(timers: StateDefinition["after"]): readonly TimerDefinition[] {
  if (timers === undefined) return [];
  return Array.isArray(timers) ? timers : [timers as TimerDefinition];
}

function compileSends(
  place: string,
  send: Readonly<Record<string, Projections>> | undefined,
  commands: ReadonlyMap<string, CompiledCommand>,
): CompiledSend[] {
  return Object.entries(send ?? {}).map(([type, projection]) => ({
    command: requireCommand(place, type, commands),
    project: compileProjections(type, projection),
  }));
}

function requireCommand(
  place: string,
  type: string,
  commands: ReadonlyMap<string, CompiledCommand>,
): CompiledCommand {
  const command = commands.get(type);
  if (command !== undefined) return command;
  throw engineError(
    "FLOW_BAD_DEFINITION",
    `${place} sends ${type}, expected one of the flow's commands; declare it under commands`,
  );
}

/** The one command of a poll or an undo. */
function requireOne<P>(
  place: string,
  send: Readonly<Record<string, P>>,
  commands: ReadonlyMap<string, CompiledCommand>,
): readonly [CompiledCommand, P] {
  const [only, ...others] = Object.entries(send);
  if (only !== undefined && others.length === 0) return [requireCommand(place, only[0], commands), only[1]];
  const count = Object.keys(send).length;
  throw engineError("FLOW_BAD_DEFINITION", `${place} sends ${count} commands, expected exactly one`);
}

function compileTransition(
  what: string,
  transition: TransitionDefinition,
  { commands, compileSchema }: Parts,
): CompiledTransition {
  return {
    target: transition.target ?? null,
    guard: transition.guard === undefined ? null : compileGuard(transition.guard, compileSchema),
    update: transition.update === undefined ? null : compileUpdate(transition.update),
    compensates: transition.compensate === true,
    undo: transition.undo === undefined ? null : compileUndo(what, transition.undo, commands),
  };
}

function compileGuard(guard: Guard, compileSchema: CompileSchema): (scene: Scene) => boolean {
  if (typeof guard === "function") return guard;
  const validate = compileSchema(guard.schema);
  return (scene) => validate(scene) === null;
}

function compileUpdate(update: Update): (scene: Scene) => JsonObject {
  if (typeof update === "function") return update;
  if (update === "merge") return ({ data, event }) => (isJsonObject(event) ? { ...data, ...event } : data);
  const moves = Object.entries(update.set);
  return (scene) =>
    moves.reduce<JsonObject>((data, [pointer, value]) => {
      const moved = "from" in value ? getPointer(scene as unknown as Json, value.from) : value.value;
      return moved === undefined ? data : setPointer(data, pointer, moved);
    }, scene.data);
}

function compileTimer(timer: TimerDefinition): CompiledTimer;
function compileTimer(timer: TimerDefinition | undefined): CompiledTimer | null;
function compileTimer(timer: TimerDefinition | undefined): CompiledTimer | null {
  if (timer === undefined) return null;
  return {
    delayMs: durationMs(timer.delay),
    target: timer.target ?? null,
    event: timer.event ?? null,
    compensates: timer.compensate === true,
  };
}

function compilePoll(
  state: string,
  poll: PollDefinition,
  commands: ReadonlyMap<string, CompiledCommand>,
): CompiledPoll {
  const [command, projection] = requireOne(`the poll of state ${state}`, poll.send, commands);
  const everyMs = durationMs(poll.every);
  return {
    command,
    project: compileProjection(projection),
    everyMs,
    firstMs: poll.first === undefined ? everyMs : durationMs(poll.first),
    factor: poll.factor ?? 1,
    waitMsMax: poll.max === undefined ? Number.POSITIVE_INFINITY : durationMs(poll.max),
    giveUp: compileTimer(poll.giveUp),
  };
}

function compileRetry(retry: RetryDefinition | undefined): RetryPolicy {
  if (retry === undefined) return DEFAULT_RETRY;
  return {
    attemptsMax: retry.attempts ?? DEFAULT_RETRY.attemptsMax,
    firstMs: retry.first === undefined ? DEFAULT_RETRY.firstMs : durationMs(retry.first),
    factor: retry.factor ?? DEFAULT_RETRY.factor,
    waitMsMax: retry.max === undefined ? DEFAULT_RETRY.waitMsMax : durationMs(retry.max),
    jitter: retry.jitter ?? DEFAULT_RETRY.jitter,
    never: retry.never ?? DEFAULT_RETRY.never,
  };
}
