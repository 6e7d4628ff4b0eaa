/**
 * The rules of a run, pure: what an input changes. No clock, no randomness, no I/O.
 *
 * D1  Each decision that changes anything adds exactly one history entry, and `version` counts the entries (invariant I1).
 * D2  An event id, an answer to a command that is not pending and a timer that is not set change nothing when they come again.
 * D3  A rule of the definition that throws changes neither state nor data: the run is parked with the input as its dead letter,
 *     and events that come later queue behind it.
 * D4  Whatever is not final afterwards waits for something: a declared event, a timer, a pending command, or an operator (I3).
 */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type {
  CompiledFlow,
  CompiledPoll,
  CompiledSend,
  CompiledState,
  CompiledTimer,
  CompiledTransition,
} from "./compile-flow.ts";
import { backoffMs } from "./backoff.ts";
import type { RetryPolicy } from "./backoff.ts";
import { digest, fractionOf } from "./digest.ts";
import { engineError, toPlainError } from "./errors.ts";
import type { EngineErrorCode, PlainError } from "./errors.ts";
import type { ErrorFields, ErrorKind } from "@sluice/contracts/problem";
import { COMMAND_FAILED } from "./flow.ts";
import type { SchemaFault } from "./flow.ts";
import type { HistoryEntry, HistoryKind } from "./history.ts";
import type { DeadLetterRow, SeenEvent } from "./ports.ts";
import type { ParkReason, PendingCommand, Run, RunTimer, TimerKind } from "./run.ts";

/** What became of one attempt of a command. */
export type Settlement =
  | { readonly type: "answered"; readonly event: { readonly type: string; readonly data: Json } }
  /** Taken by the participant; the answer comes as an event. */
  | { readonly type: "delivered" }
  /** A query that has nothing to report yet. */
  | { readonly type: "no-news" }
  | { readonly type: "failed"; readonly error: PlainError };

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
}

export interface EventInput {
  readonly kind: "event";
  readonly runId: string;
  readonly id: string;
  readonly type: string;
  readonly data: Json;
}

export interface SettledInput {
  readonly kind: "settled";
  readonly runId: string;
  readonly commandId: string;
  readonly attempt: number;
  readonly settlement: Settlement;
}

export interface TimerInput {
  readonly kind: "timer";
  readonly runId: string;
  readonly number: number;
}

/** Everything that can happen to a run. All of it goes through the run's lane. */
export type LaneInput = StartInput | EventInput | SettledInput | TimerInput;

/** What the sender of an input is told, once it is committed. `version` is the history entry it made, or made the first time. */
export type Answer =
  | {
      readonly outcome: "started" | "existing" | "applied" | "unexpected" | "queued" | "parked";
      readonly version: number;
      readonly isRepeat: boolean;
    }
  | { readonly outcome: "stale" }
  /** Durable in the lane's inbox, but not decided yet: its owner is away. */
  | { readonly outcome: "accepted" }
  | { readonly outcome: "rejected"; readonly error: Rejection };

/** Why an input was not taken in. Nothing changed. */
export interface Rejection {
  readonly code: EngineErrorCode;
  readonly message: string;
  readonly fields?: ErrorFields;
}

export interface Limits {
  /** Largest data of a run, as UTF-8 bytes of its JSON. */
  readonly dataBytesMax: number;
  /** Most history entries of one run. */
  readonly entriesMax: number;
}

/** A run as its lane's owner holds it: the run and the event ids its history has seen. */
export interface KnownRun {
  readonly run: Run;
  readonly seen: ReadonlyMap<string, SeenEvent>;
}

export interface Decision {
  readonly answer: Answer;
  /** The run afterwards; null when nothing changed. */
  readonly run: Run | null;
  readonly entry: HistoryEntry | null;
  /** Commands whose next attempt is due now. */
  readonly send: readonly PendingCommand[];
  readonly deadLetter: DeadLetterRow | null;
}

interface Context {
  readonly flow: CompiledFlow;
  readonly nowMs: number;
  readonly limits: Limits;
}

/** What an input does to a run. `known` is null when the run does not exist. */
export function decide(
  flow: CompiledFlow,
  known: KnownRun | null,
  input: LaneInput,
  nowMs: number,
  limits: Limits,
): Decision {
  const context: Context = { flow, nowMs, limits };
  if (input.kind === "start") return known === null ? start(context, input) : startAgain(known.run, input);
  if (known === null)
    return reject("FLOW_UNKNOWN_RUN", `no run ${input.runId}, expected the id of a stored run`, {
      runId: input.runId,
    });
  switch (input.kind) {
    case "event":
      return receiveEvent(context, known, input);
    case "settled":
      return settle(context, known.run, input);
    case "timer":
      return fireTimer(context, known.run, input);
  }
}

// ---------------------------------------------------------------- start

function start(context: Context, input: StartInput): Decision {
  const faults = context.flow.validateData(input.data);
  if (faults !== null)
    return rejectFaults("FLOW_BAD_DATA", `the data of a run of ${context.flow.name}`, faults);
  const dataText = JSON.stringify(input.data);
  const bytes = bytesAbove(context.limits.dataBytesMax, dataText);
  if (bytes !== null) return reject("FLOW_DATA_TOO_LARGE", tooLarge(bytes, context.limits.dataBytesMax));
  const state = requireState(context.flow, context.flow.initial);
  const empty: Run = {
    runId: input.runId,
    flow: input.flow,
    flowVersion: input.flowVersion,
    key: input.key,
    lane: input.lane,
    version: 0,
    state: state.name,
    businessState: state.businessState,
    outcome: null,
    parked: null,
    data: input.data,
    dataText,
    commands: [],
    timers: [],
    timerCount: 0,
    startId: input.startId,
    startDigest: digest(dataText),
    createdAtMs: context.nowMs,
    enteredAtMs: context.nowMs,
    updatedAtMs: context.nowMs,
  };
  try {
    const limit = armTimer(empty, context.flow.deadline, "flow-deadline", context.nowMs);
    const entered = enter(context, limit, state, 1, true);
    return changed(
      entered.run,
      { kind: "started", data: input.data },
      { outcome: "started" },
      context.nowMs,
      entered.send,
    );
  } catch (error) {
    const fault = toPlainError(error, "FLOW_RULE_FAILED");
    return reject(
      "FLOW_BAD_DATA",
      `the first state ${state.name} cannot be entered with this data: ${fault.message}`,
    );
  }
}

function startAgain(run: Run, input: StartInput): Decision {
  const sameBody = run.startDigest === digest(JSON.stringify(input.data));
  if (run.startId !== null && run.startId === input.startId) {
    if (sameBody) return unchanged({ outcome: "existing", version: 1, isRepeat: true });
    return reject(
      "FLOW_IDEMPOTENCY_CONFLICT",
      "this idempotency key started a run with other data; use a new key for a new run",
      {
        runId: run.runId,
      },
    );
  }
  // An input of ours that comes again, because nobody knew whether its commit had happened, has no key but the same id.
  if (run.startId === null && input.startId === null && input.key === null && sameBody) {
    return unchanged({ outcome: "existing", version: 1, isRepeat: true });
  }
  return reject(
    "FLOW_RUN_EXISTS",
    `a run of ${run.flow} with key ${run.key ?? "(none)"} exists already; read it, or start with another key`,
    {
      runId: run.runId,
    },
  );
}

// ---------------------------------------------------------------- events

function receiveEvent(context: Context, known: KnownRun, input: EventInput): Decision {
  const { run } = known;
  const eventDigest = digest(input.type + JSON.stringify(input.data));
  const before = known.seen.get(input.id);
  if (before !== undefined) {
    if (before.digest === eventDigest)
      return unchanged({ outcome: before.outcome, version: before.version, isRepeat: true });
    return reject(
      "FLOW_IDEMPOTENCY_CONFLICT",
      `event id ${input.id} came before with another type or data; use a new id for a new event`,
      {
        runId: run.runId,
      },
    );
  }
  const rejection = rejectEvent(context, run, input);
  if (rejection !== null) return rejection;
  const trace = { type: input.type, eventId: input.id, digest: eventDigest, data: input.data };
  if (run.parked !== null) return queueBehind(context, run, input, trace);
  return takeEvent(context, run, input, input.type, input.data, trace);
}

function rejectEvent(context: Context, run: Run, input: EventInput): Decision | null {
  if (run.version >= context.limits.entriesMax) {
    return reject(
      "FLOW_HISTORY_FULL",
      `the run has ${run.version} history entries, at most ${context.limits.entriesMax} are kept; start a new run`,
    );
  }
  const validate = context.flow.events.get(input.type);
  if (validate === undefined) {
    const declared = [...context.flow.events.keys()].join(", ");
    return reject(
      "FLOW_UNKNOWN_EVENT",
      `flow ${context.flow.name} declares no event ${input.type}, expected one of: ${declared}`,
    );
  }
  const faults = validate(input.data);
  return faults === null ? null : rejectFaults("FLOW_BAD_EVENT", `the data of event ${input.type}`, faults);
}

type Trace = Partial<Pick<HistoryEntry, "type" | "eventId" | "digest" | "data" | "commandId" | "attempt">>;

/** Takes an event that is neither a repeat nor refused: the first transition with a true guard, or an unexpected event. */
function takeEvent(
  context: Context,
  run: Run,
  input: LaneInput,
  type: string,
  data: Json,
  trace: Trace,
): Decision {
  const state = requireState(context.flow, run.state);
  const kind: HistoryKind = input.kind === "timer" ? "timer" : "event";
  try {
    const transition = findTransition(state, type, run.data, data);
    if (transition === null) {
      return changed(run, { ...trace, kind: "unexpected" }, { outcome: "unexpected" }, context.nowMs);
    }
    const moved = follow(context, run, state, transition, data);
    return changed(moved.run, { ...trace, kind }, { outcome: "applied" }, context.nowMs, moved.send);
  } catch (error) {
    return refuse(context, run, input, trace, error);
  }
}

/** A rule threw, or its result cannot be stored: a caller is told when its own event is too large; all else parks the run. */
function refuse(context: Context, run: Run, input: LaneInput, trace: Trace, error: unknown): Decision {
  const fault = toPlainError(error, "FLOW_RULE_FAILED");
  if (fault.code !== "FLOW_DATA_TOO_LARGE") return park(context, run, input, trace, "rule-failed", fault);
  if (input.kind === "event") return reject("FLOW_DATA_TOO_LARGE", fault.message);
  return park(context, run, input, trace, "data-too-large", fault);
}

function findTransition(
  state: CompiledState,
  type: string,
  data: JsonObject,
  event: Json,
): CompiledTransition | null {
  for (const transition of state.on.get(type) ?? []) {
    if (transition.guard === null || transition.guard({ data, event })) return transition;
  }
  return null;
}

interface Moved {
  readonly run: Run;
  readonly send: readonly PendingCommand[];
}

function follow(
  context: Context,
  run: Run,
  from: CompiledState,
  transition: CompiledTransition,
  event: Json,
): Moved {
  const updated =
    transition.update === null ? run : withData(context, run, transition.update({ data: run.data, event }));
  if (transition.target === null) return { run: updated, send: [] };
  const target = requireState(context.flow, transition.target);
  return enter(context, updated, target, run.version + 1, target !== from);
}

function withData(context: Context, run: Run, data: JsonObject): Run {
  const faults = context.flow.validateData(data);
  if (faults !== null)
    throw engineError(
      "FLOW_RULE_FAILED",
      `an update gave data that breaks the flow's schema: ${describeFaults(faults)}`,
    );
  const dataText = JSON.stringify(data);
  const bytes = bytesAbove(context.limits.dataBytesMax, dataText);
  if (bytes !== null) throw engineError("FLOW_DATA_TOO_LARGE", tooLarge(bytes, context.limits.dataBytesMax));
  return { ...run, data, dataText };
}

/**
 * Lands on a state: what the former state had pending is withdrawn, its commands are issued and its timers set.
 * A self-transition (`isNewVisit` false) keeps the deadline, which limits the whole visit.
 */
function enter(
  context: Context,
  run: Run,
  state: CompiledState,
  version: number,
  isNewVisit: boolean,
): Moved {
  const kept = run.timers.filter(
    (timer) => timer.kind === "flow-deadline" || (timer.kind === "deadline" && !isNewVisit),
  );
  let entered: Run = {
    ...run,
    state: state.name,
    businessState: state.businessState,
    outcome: state.outcome,
    commands: [],
    timers: state.outcome === null ? kept : [],
    enteredAtMs: context.nowMs,
  };
  if (state.outcome !== null) return { run: entered, send: [] };
  const send = state.send.map((sent, n) => issue(run.runId, version, n, sent, run.data, "do"));
  entered = { ...entered, commands: send };
  state.after.forEach(
    (timer, index) => (entered = armTimer(entered, timer, "after", context.nowMs, { index })),
  );
  if (isNewVisit) entered = armTimer(entered, state.deadline, "deadline", context.nowMs);
  if (state.poll !== null) {
    entered = armAt(entered, "poll", context.nowMs + state.poll.firstMs, { index: 0 });
    entered = armTimer(entered, state.poll.giveUp, "give-up", context.nowMs);
  }
  return { run: entered, send };
}

function issue(
  runId: string,
  version: number,
  n: number,
  sent: CompiledSend,
  data: JsonObject,
  purpose: "do" | "poll",
): PendingCommand {
  const carried = sent.project(data);
  const faults = sent.command.validate(carried);
  if (faults !== null) {
    throw engineError(
      "FLOW_RULE_FAILED",
      `the data of command ${sent.command.type} breaks its schema: ${describeFaults(faults)}`,
    );
  }
  return {
    id: `${runId}:${version}:${n}`,
    type: sent.command.type,
    channel: sent.command.channel,
    data: carried,
    attempt: 1,
    phase: "sending",
    purpose,
  };
}

// ---------------------------------------------------------------- commands

function settle(context: Context, run: Run, input: SettledInput): Decision {
  const command = run.commands.find(({ id }) => id === input.commandId);
  // Answered before, withdrawn because the state was left, or an attempt that a later one replaced.
  const isStale = command === undefined || run.outcome !== null;
  if (isStale) return unchanged({ outcome: "stale" });
  const { settlement } = input;
  switch (settlement.type) {
    case "answered":
      return takeAnswer(context, run, command, input, settlement.event);
    case "delivered":
      if (command.phase !== "sending" || command.attempt !== input.attempt)
        return unchanged({ outcome: "stale" });
      if (command.purpose === "poll") return pollAgain(context, run, command, null);
      return changed(
        withCommand(run, { ...command, phase: "delivered" }),
        { kind: "command-delivered", type: command.type, commandId: command.id, attempt: command.attempt },
        { outcome: "applied" },
        context.nowMs,
      );
    case "no-news":
      if (command.purpose === "poll") return pollAgain(context, run, command, null);
      return failAttempt(context, run, command, input, noNews(command));
    case "failed":
      if (command.phase === "waiting" || command.attempt !== input.attempt)
        return unchanged({ outcome: "stale" });
      return failAttempt(context, run, command, input, settlement.error);
  }
}

/** An answer counts whichever attempt brought it, since all attempts are one command. */
function takeAnswer(
  context: Context,
  run: Run,
  command: PendingCommand,
  input: SettledInput,
  event: { readonly type: string; readonly data: Json },
): Decision {
  const trace: Trace = { type: event.type, commandId: command.id, attempt: input.attempt, data: event.data };
  const fault = checkAnswer(context.flow, command, event);
  if (fault !== null) return failAttempt(context, run, command, input, fault);
  if (run.parked !== null) return queueBehind(context, run, input, trace);
  return takeEvent(context, withoutCommand(run, command.id), input, event.type, event.data, trace);
}

/** Whether a participant may answer so. A wrong answer is a mistake of the participant: it is not tried again. */
export function checkAnswer(
  flow: CompiledFlow,
  command: Pick<PendingCommand, "type">,
  event: { readonly type: string; readonly data: Json },
): PlainError | null {
  const answers = flow.commands.get(command.type)?.answers;
  const validate = flow.events.get(event.type);
  if (answers === undefined || !answers.has(event.type) || validate === undefined) {
    const declared = [...(answers ?? [])].join(", ") || "none";
    return plain(
      "FLOW_UNDECLARED_EVENT",
      "bug",
      `${command.type} was answered with ${event.type}, expected one of: ${declared}`,
    );
  }
  const faults = validate(event.data);
  if (faults === null) return null;
  return plain(
    "FLOW_BAD_ANSWER",
    "bug",
    `${command.type} was answered with a wrong ${event.type}: ${describeFaults(faults)}`,
  );
}

function noNews(command: PendingCommand): PlainError {
  return plain(
    "FLOW_BAD_ANSWER",
    "bug",
    `${command.type} was answered with "no news", which only the query of a poll may be`,
  );
}

/** Whether an attempt that ended with this kind is followed by another. */
const RETRIED = {
  invalid: false,
  unauthenticated: false,
  forbidden: false,
  missing: false,
  conflict: true,
  overloaded: true,
  unavailable: true,
  timeout: true,
  bug: false,
} as const satisfies Record<ErrorKind, boolean>;

function failAttempt(
  context: Context,
  run: Run,
  command: PendingCommand,
  input: SettledInput,
  error: PlainError,
): Decision {
  if (command.purpose === "poll") return pollAgain(context, run, command, error);
  const policy = requireState(context.flow, run.state).retry;
  const isRetried = RETRIED[error.kind] && !policy.never.includes(error.code);
  if (isRetried && command.attempt < policy.attemptsMax)
    return retryLater(context, run, command, error, policy);
  return giveUp(context, run, command, input, error, isRetried ? "command-gave-up" : "command-refused");
}

function retryLater(
  context: Context,
  run: Run,
  command: PendingCommand,
  error: PlainError,
  policy: RetryPolicy,
): Decision {
  const random = fractionOf(`${command.id}#${command.attempt}`);
  const waitMs = Math.max(backoffMs(policy, command.attempt, random), error.retryAfterMs ?? 0);
  const nextAtMs = context.nowMs + waitMs;
  const waiting = withCommand(run, { ...command, attempt: command.attempt + 1, phase: "waiting" });
  return changed(
    armAt(waiting, "retry", nextAtMs, { commandId: command.id }),
    { ...attemptTrace(command, error), kind: "command-attempted", nextAtMs },
    { outcome: "applied" },
    context.nowMs,
  );
}

function attemptTrace(
  command: PendingCommand,
  error: PlainError,
): Omit<HistoryEntry, "version" | "atMs" | "state" | "kind"> {
  return { type: command.type, commandId: command.id, attempt: command.attempt, error: withoutStack(error) };
}

/** No attempt is left: the run meets `commandFailed`, and is parked when its state does not handle that. Never silently stuck. */
function giveUp(
  context: Context,
  run: Run,
  command: PendingCommand,
  input: SettledInput,
  error: PlainError,
  reason: ParkReason,
): Decision {
  const trace: Trace = { type: COMMAND_FAILED, commandId: command.id, attempt: command.attempt };
  if (run.parked !== null) return queueBehind(context, run, input, trace);
  const state = requireState(context.flow, run.state);
  const event: Json = {
    commandId: command.id,
    type: command.type,
    attempts: command.attempt,
    error: { code: error.code, kind: error.kind, message: error.message },
  };
  if (!state.on.has(COMMAND_FAILED)) return park(context, run, input, trace, reason, error);
  const failed = takeEvent(context, withoutCommand(run, command.id), input, COMMAND_FAILED, event, {
    ...trace,
    data: event,
  });
  return failed.answer.outcome === "unexpected" ? park(context, run, input, trace, reason, error) : failed;
}

// ---------------------------------------------------------------- timers

function fireTimer(context: Context, run: Run, input: TimerInput): Decision {
  const timer = run.timers.find(({ number }) => number === input.number);
  if (timer === undefined || run.outcome !== null || run.parked !== null)
    return unchanged({ outcome: "stale" });
  const fired: Run = { ...run, timers: run.timers.filter((other) => other !== timer) };
  const state = requireState(context.flow, run.state);
  switch (timer.kind) {
    case "retry":
      return sendAgain(context, fired, timer);
    case "poll":
      return ask(context, fired, state, timer, input);
    case "after":
      return takeTimer(context, fired, input, timer, state.after[timer.index ?? 0] ?? null);
    case "deadline":
      return takeTimer(context, fired, input, timer, state.deadline);
    case "flow-deadline":
      return takeTimer(context, fired, input, timer, context.flow.deadline);
    case "give-up":
      return takeTimer(context, fired, input, timer, state.poll?.giveUp ?? null);
  }
}

function takeTimer(
  context: Context,
  run: Run,
  input: TimerInput,
  timer: RunTimer,
  compiled: CompiledTimer | null,
): Decision {
  if (compiled === null) return unchanged({ outcome: "stale" });
  const trace: Trace = { type: compiled.event ?? timer.kind };
  if (compiled.event !== null)
    return takeEvent(context, run, input, compiled.event, {}, { ...trace, data: {} });
  const transition: CompiledTransition = { target: compiled.target, guard: null, update: null };
  try {
    const moved = follow(context, run, requireState(context.flow, run.state), transition, {});
    return changed(moved.run, { ...trace, kind: "timer" }, { outcome: "applied" }, context.nowMs, moved.send);
  } catch (error) {
    return refuse(context, run, input, trace, error);
  }
}

function sendAgain(context: Context, run: Run, timer: RunTimer): Decision {
  const command = run.commands.find(({ id }) => id === timer.commandId);
  if (command === undefined) return unchanged({ outcome: "stale" });
  const sending: PendingCommand = { ...command, phase: "sending" };
  return changed(
    withCommand(run, sending),
    { kind: "timer", type: "retry", commandId: command.id, attempt: command.attempt },
    { outcome: "applied" },
    context.nowMs,
    [sending],
  );
}

function ask(context: Context, run: Run, state: CompiledState, timer: RunTimer, input: TimerInput): Decision {
  if (state.poll === null) return unchanged({ outcome: "stale" });
  try {
    // A query counts itself in `attempt`, so that the schedule of the visit survives a restart.
    const query: PendingCommand = {
      ...issue(run.runId, run.version + 1, 0, state.poll.send, run.data, "poll"),
      attempt: (timer.index ?? 0) + 1,
    };
    const asked: Run = { ...run, commands: [...run.commands, query] };
    return changed(asked, { kind: "timer", type: "poll" }, { outcome: "applied" }, context.nowMs, [query]);
  } catch (error) {
    return refuse(context, run, input, { type: "poll" }, error);
  }
}

/** A query brought no event: the next one is due. Set only now, so that two queries are never under way together. */
function pollAgain(context: Context, run: Run, query: PendingCommand, error: PlainError | null): Decision {
  const poll = requireState(context.flow, run.state).poll;
  if (poll === null) return unchanged({ outcome: "stale" });
  const asked = query.attempt;
  const nextAtMs =
    context.nowMs + Math.max(pollWaitMs(poll, asked, fractionOf(query.id)), error?.retryAfterMs ?? 0);
  const next = armAt(withoutCommand(run, query.id), "poll", nextAtMs, { index: asked });
  return changed(
    next,
    {
      kind: "polled",
      type: query.type,
      commandId: query.id,
      nextAtMs,
      ...(error === null ? {} : { error: withoutStack(error) }),
    },
    { outcome: "applied" },
    context.nowMs,
  );
}

/** The wait before query number `asked` + 1, with ±10 % jitter so that runs that entered together drift apart. */
export function pollWaitMs(poll: CompiledPoll, asked: number, random: number): number {
  const plainMs = Math.min(poll.waitMsMax, poll.everyMs * poll.factor ** (asked - 1));
  return Math.round(plainMs * (0.9 + 0.2 * random));
}

function armTimer(
  run: Run,
  timer: CompiledTimer | null,
  kind: TimerKind,
  nowMs: number,
  extra: Pick<RunTimer, "index"> = {},
): Run {
  return timer === null ? run : armAt(run, kind, nowMs + timer.delayMs, extra);
}

function armAt(
  run: Run,
  kind: TimerKind,
  dueAtMs: number,
  extra: Pick<RunTimer, "index" | "commandId"> = {},
): Run {
  const number = run.timerCount + 1;
  return { ...run, timerCount: number, timers: [...run.timers, { number, kind, dueAtMs, ...extra }] };
}

// ---------------------------------------------------------------- parking

function park(
  context: Context,
  run: Run,
  input: LaneInput,
  trace: Trace,
  reason: ParkReason,
  error: PlainError,
): Decision {
  const parked: Run = { ...run, parked: reason };
  const decision = changed(
    parked,
    { ...trace, kind: "parked", error: withoutStack(error) },
    { outcome: "parked" },
    context.nowMs,
  );
  return { ...decision, deadLetter: deadLetter(context, parked, input, reason, error) };
}

function queueBehind(context: Context, run: Run, input: LaneInput, trace: Trace): Decision {
  const decision = changed(run, { ...trace, kind: "queued" }, { outcome: "queued" }, context.nowMs);
  return { ...decision, deadLetter: deadLetter(context, run, input, null, null) };
}

function deadLetter(
  context: Context,
  run: Run,
  input: LaneInput,
  reason: ParkReason | null,
  error: PlainError | null,
): DeadLetterRow {
  return {
    runId: run.runId,
    lane: run.lane,
    version: run.version + 1,
    reason,
    state: run.state,
    input,
    error,
    atMs: context.nowMs,
  };
}

// ---------------------------------------------------------------- small change

type Outcome = "started" | "applied" | "unexpected" | "queued" | "parked";

/** One more version of the run, with the entry that explains it. */
function changed(
  run: Run,
  entry: Omit<HistoryEntry, "version" | "atMs" | "state">,
  answer: { readonly outcome: Outcome },
  nowMs: number,
  send: readonly PendingCommand[] = [],
): Decision {
  const version = run.version + 1;
  const issued = send.length === 0 ? {} : { commands: send.map(({ id, type }) => ({ id, type })) };
  return {
    answer: { outcome: answer.outcome, version, isRepeat: false },
    run: { ...run, version, updatedAtMs: nowMs },
    entry: { version, atMs: nowMs, state: run.state, ...entry, ...issued },
    send,
    deadLetter: null,
  };
}

function unchanged(answer: Answer): Decision {
  return { answer, run: null, entry: null, send: [], deadLetter: null };
}

function reject(code: EngineErrorCode, message: string, fields?: ErrorFields): Decision {
  return unchanged({
    outcome: "rejected",
    error: { code, message, ...(fields === undefined ? {} : { fields }) },
  });
}

function rejectFaults(code: EngineErrorCode, what: string, faults: readonly SchemaFault[]): Decision {
  return reject(code, `${what} breaks its schema: ${describeFaults(faults)}`, { errors: faults });
}

function describeFaults(faults: readonly SchemaFault[]): string {
  return faults.map(({ path, message }) => `${path || "/"} ${message}`).join("; ");
}

function withCommand(run: Run, changedCommand: PendingCommand): Run {
  return {
    ...run,
    commands: run.commands.map((command) => (command.id === changedCommand.id ? changedCommand : command)),
  };
}

function withoutCommand(run: Run, commandId: string): Run {
  return {
    ...run,
    commands: run.commands.filter(({ id }) => id !== commandId),
    timers: run.timers.filter((timer) => timer.commandId !== commandId),
  };
}

function withoutStack(error: PlainError): PlainError {
  return { code: error.code, kind: error.kind, message: error.message };
}

function plain(code: EngineErrorCode, kind: ErrorKind, message: string): PlainError {
  return { code, kind, message };
}

function requireState(flow: CompiledFlow, name: string): CompiledState {
  const state = flow.states.get(name);
  if (state === undefined) {
    throw engineError(
      "FLOW_UNEXPECTED",
      `flow ${flow.name} version ${flow.version} has no state ${name}; deploy the version the run is pinned to`,
    );
  }
  return state;
}

function tooLarge(bytes: number, bytesMax: number): string {
  return `the run's data has ${bytes} bytes as JSON, at most ${bytesMax} are kept (dataBytesMax); keep large things elsewhere and store their ids`;
}

/** Bytes of a text in UTF-8, or null when they are within the limit. A text far below it is not counted. */
function bytesAbove(bytesMax: number, text: string): number | null {
  if (3 * text.length <= bytesMax) return null;
  const bytes = encoder.encode(text).length;
  return bytes > bytesMax ? bytes : null;
}

const encoder = new TextEncoder();
