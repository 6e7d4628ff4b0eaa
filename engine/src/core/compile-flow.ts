/**
 * From the definition a user writes to the form that `decide` walks: shorthands spelled out, durations in milliseconds,
 * schemas compiled, guards and updates as functions. Expects a definition that `checkFlow` found free of errors.
 */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import { isJsonObject } from "@sluice/contracts/envelope";
import { DEFAULT_RETRY } from "./backoff.ts";
import type { RetryPolicy } from "./backoff.ts";
import { durationMs } from "./duration.ts";
import { engineError } from "./errors.ts";
import type {
  CommandDefinition,
  CompileSchema,
  FlowDefinition,
  Guard,
  PollDefinition,
  Projection,
  RetryDefinition,
  Scene,
  StateDefinition,
  TimerDefinition,
  TransitionDefinition,
  TransitionsDefinition,
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
  readonly states: ReadonlyMap<string, CompiledState>;
}

export interface CompiledCommand {
  readonly type: string;
  readonly channel: string;
  readonly validate: Validate;
  readonly answers: ReadonlySet<string>;
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
}

export interface CompiledSend {
  readonly command: CompiledCommand;
  readonly project: (data: JsonObject) => Json;
}

export interface CompiledTransition {
  /** Null stays in the state without entering it again. */
  readonly target: string | null;
  readonly guard: ((scene: Scene) => boolean) | null;
  readonly update: ((scene: Scene) => JsonObject) | null;
}

export interface CompiledTimer {
  readonly delayMs: number;
  readonly target: string | null;
  readonly event: string | null;
}

export interface CompiledPoll {
  readonly send: CompiledSend;
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
    states: new Map(
      Object.entries(definition.states).map(([name, state]) => [
        name,
        compileState(name, state, commands, compileSchema),
      ]),
    ),
  };
}

const acceptAll: Validate = () => null;

function compileCommand(
  type: string,
  command: CommandDefinition,
  compileSchema: CompileSchema,
): CompiledCommand {
  return {
    type,
    channel: command.channel,
    validate: command.data === undefined ? acceptAll : compileSchema(command.data),
    answers: new Set(command.answers ?? []),
  };
}

function compileState(
  name: string,
  state: StateDefinition,
  commands: ReadonlyMap<string, CompiledCommand>,
  compileSchema: CompileSchema,
): CompiledState {
  return {
    name,
    businessState: state.businessState ?? null,
    outcome: state.final ?? null,
    send: compileSends(name, state.send, commands),
    on: new Map(
      Object.entries(state.on ?? {}).map(([event, transitions]) => [
        event,
        listTransitions(transitions).map((transition) => compileTransition(transition, compileSchema)),
      ]),
    ),
    after: listTimers(state.after).map((timer) => compileTimer(timer)),
    deadline: compileTimer(state.deadline),
    poll: state.poll === undefined ? null : compilePoll(name, state.poll, commands),
    retry: compileRetry(state.retry),
  };
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
  state: string,
  send: Readonly<Record<string, Projection>> | undefined,
  commands: ReadonlyMap<string, CompiledCommand>,
): CompiledSend[] {
  return Object.entries(send ?? {}).map(([type, projection]) => {
    const command = commands.get(type);
    if (command === undefined) {
      throw engineError(
        "FLOW_BAD_DEFINITION",
        `state ${state} sends ${type}, expected one of the flow's commands; declare it under commands`,
      );
    }
    return { command, project: compileProjection(projection) };
  });
}

function compileProjection(projection: Projection): (data: JsonObject) => Json {
  if (projection === "data") return (data) => data;
  if (typeof projection === "function") return projection;
  const names = projection.pick;
  return (data) =>
    Object.fromEntries(
      names.filter((name) => Object.hasOwn(data, name)).map((name) => [name, data[name] ?? null]),
    );
}

function compileTransition(
  transition: TransitionDefinition,
  compileSchema: CompileSchema,
): CompiledTransition {
  return {
    target: transition.target ?? null,
    guard: transition.guard === undefined ? null : compileGuard(transition.guard, compileSchema),
    update: transition.update === undefined ? null : compileUpdate(transition.update),
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
  return { delayMs: durationMs(timer.delay), target: timer.target ?? null, event: timer.event ?? null };
}

function compilePoll(
  state: string,
  poll: PollDefinition,
  commands: ReadonlyMap<string, CompiledCommand>,
): CompiledPoll {
  const [send, ...others] = compileSends(state, poll.send, commands);
  if (send === undefined || others.length > 0) {
    throw engineError(
      "FLOW_BAD_DEFINITION",
      `the poll of state ${state} sends ${Object.keys(poll.send).length} commands, expected exactly one`,
    );
  }
  const everyMs = durationMs(poll.every);
  return {
    send,
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
