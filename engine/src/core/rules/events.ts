import type { Json } from "@sluice/contracts/envelope";
import type { CompiledFlow, CompiledTransition } from "../compile-flow.ts";
import { changed, plain, reject, rejectFaults, rejectUnkeepable, unchanged } from "../decision.ts";
import type { Context, Decision, KnownRun } from "../decision.ts";
import { bodyDigest, isBodyDigest } from "../digest.ts";
import { toPlainError } from "../errors.ts";
import { COMMAND_FAILED } from "../flow.ts";
import type { HistoryKind } from "../history.ts";
import type { EventInput, LetterInput } from "../inputs.ts";
import { copyJson } from "../json-copy.ts";
import { withoutCommand } from "../run.ts";
import type { PendingCommand, Run } from "../run.ts";
import { requireState } from "./enter.ts";
import { canAnswer, firstOpen, follow, isJoinOver } from "./follow.ts";
import { asSent, park, queueBehind } from "./park.ts";
import type { Trace } from "./park.ts";
import { takeBackToo } from "./steps.ts";
import type { Told } from "./steps.ts";
import { isStranded } from "./stranded.ts";
import { stepUndone, undoAnsweredBy } from "./undo.ts";

export function receiveEvent(context: Context, known: KnownRun, input: EventInput): Decision {
  const { copy: data, fault } = copyJson(input.data);
  if (fault !== null) return rejectUnkeepable("FLOW_BAD_EVENT", `the data of event ${input.type}`, fault);
  return receive(context, known, { ...input, data });
}

function receive(context: Context, known: KnownRun, input: EventInput): Decision {
  const { run } = known;
  const before = known.seen.get(input.id);
  if (before !== undefined) {
    if (isBodyDigest(before.digest, input.data, saltOf(input)))
      return unchanged({ outcome: before.outcome, version: before.version, isRepeat: true });
    return reject(
      "FLOW_IDEMPOTENCY_CONFLICT",
      `event id ${input.id} came before with another type, data or command; use a new id for a new event`,
      {
        runId: run.runId,
      },
    );
  }
  const rejection = rejectFull(context, run) ?? rejectWrong(context.flow, run, input);
  if (rejection !== null) return rejection;
  const digest = bodyDigest(input.data, saltOf(input));
  const trace = { ...traceOfEvent(input), eventId: input.id, digest };
  const isQueued = input.commandId === undefined && run.parked !== null;
  return isQueued ? receiveParked(context, run, input, trace) : takeFromOutside(context, run, input, trace);
}

/** Behind what parked the run, unless it is only to be taken back: that would come too late where the parked undo is skipped. */
function receiveParked(context: Context, run: Run, input: EventInput, trace: Trace): Decision {
  const isAnswer = undoAnsweredBy(context.flow, run, input.type) !== null;
  const late = isAnswer ? null : takeLate(context, run, input, input, trace);
  return late ?? queueBehind(context, run, input, trace);
}

/** What tells an event from others with equal data. */
function saltOf({ type, commandId }: EventInput): string {
  return commandId === undefined ? type : `${type} of ${commandId}`;
}

export function traceOfEvent({ type, data, commandId }: EventInput): Trace {
  return { type, data, ...(commandId === undefined ? {} : { commandId }) };
}

/** An event that names its command is the answer to that one, or has come too late. */
export function takeFromOutside(context: Context, run: Run, input: EventInput, trace: Trace): Decision {
  const { type, data, commandId } = input;
  if (commandId === undefined) return takeEvent(context, run, input, type, data, trace);
  const command = run.commands.find(({ id }) => id === commandId);
  const isAnswer = command !== undefined && run.outcome === null && canAnswer(context.flow, command, type);
  if (isAnswer) return takeAnswer(context, run, command, input, { type, data }, trace);
  return takeLate(context, run, input, { type, data }, trace) ?? noteUnexpected(context, run, trace);
}

/** What is told while steps are taken back: a step too, where it has an undo (P4); null where it changes nothing. */
function takeLate(
  context: Context,
  run: Run,
  input: LetterInput,
  { type, data }: Told,
  trace: Trace,
): Decision | null {
  if (run.compensation === null) return null;
  try {
    const late = takeBackToo(context.flow, run, run.compensation, { type, data });
    if (late === null) return null;
    return changed(late, { ...trace, kind: "event" }, { outcome: "applied" }, context.nowMs);
  } catch (error) {
    return run.parked === null ? refuse(context, run, input, trace, error) : null;
  }
}

function noteUnexpected({ nowMs }: Context, run: Run, trace: Trace): Decision {
  return changed(run, { ...trace, kind: "unexpected" }, { outcome: "unexpected" }, nowMs);
}

/** The answer to a command, whoever brings it: its participant at once, or somebody outside later. */
export function takeAnswer(
  context: Context,
  run: Run,
  command: PendingCommand,
  input: LetterInput,
  { type, data }: Told,
  trace: Trace,
): Decision {
  const sent = asSent(run, command);
  if (run.parked !== null) return queueBehind(context, sent, input, trace);
  if (command.purpose === "undo") return stepUndone(context, run, command, input, trace);
  const answered = withoutCommand(run, command.id);
  const taken: Taken = { answered: command, parked: sent };
  const decision = takeEvent(context, answered, input, type, data, trace, taken);
  const state = requireState(context.flow, run.state);
  if (decision.answer.outcome !== "unexpected" || !isStranded(answered, state)) return decision;
  const why = `state ${run.state} takes no ${type} now, and it answered the command the state has sent`;
  return park(context, sent, input, trace, "answer-not-taken", plain("FLOW_RULE_FAILED", "bug", why));
}

function rejectFull({ limits }: Context, run: Run): Decision | null {
  if (run.version < limits.entriesMax) return null;
  return reject(
    "FLOW_HISTORY_FULL",
    `the run has ${run.version} history entries, at most ${limits.entriesMax} are kept; start a new run`,
  );
}

/** Why a run could not take this event whatever has happened to it since: the event is wrong in itself. */
export function rejectWrong(flow: CompiledFlow, run: Run, input: EventInput): Decision | null {
  const validate = flow.events.get(input.type);
  if (validate === undefined) {
    const declared = [...flow.events.keys()].join(", ");
    return reject(
      "FLOW_UNKNOWN_EVENT",
      `flow ${flow.name} declares no event ${input.type}, expected one of: ${declared}`,
    );
  }
  const faults = validate(input.data);
  if (faults !== null) return rejectFaults("FLOW_BAD_EVENT", `the data of event ${input.type}`, faults);
  return input.commandId === undefined ? null : rejectMisnamed(flow, run, input.type, input.commandId);
}

/** Whoever names a command that could never be answered so has made a mistake, and is told. */
function rejectMisnamed(flow: CompiledFlow, run: Run, type: string, commandId: string): Decision | null {
  const { runId, commands } = run;
  if (!commandId.startsWith(`${runId}:`))
    return reject("FLOW_BAD_EVENT", `event ${type} names command ${commandId}, expected one of run ${runId}`);
  const command = commands.find(({ id }) => id === commandId);
  if (command === undefined || canAnswer(flow, command, type)) return null;
  const answers = [...(flow.commands.get(command.type)?.answers ?? [])].join(", ");
  return reject(
    "FLOW_BAD_EVENT",
    `event ${type} is no answer to ${command.type}, expected one of: ${answers}; leave the command out`,
  );
}

/** Takes an event that is neither a repeat nor refused: the first transition with a true guard, or an unexpected event. */
export function takeEvent(
  context: Context,
  run: Run,
  input: LetterInput,
  type: string,
  data: Json,
  trace: Trace,
  taken: Taken = { answered: null, parked: run },
): Decision {
  const undo = undoAnsweredBy(context.flow, run, type);
  if (undo !== null) return stepUndone(context, run, undo, input, trace);
  const late = takeLate(context, run, input, { type, data }, trace);
  if (late !== null) return late;
  const state = requireState(context.flow, run.state);
  const kind: HistoryKind = input.kind === "timer" ? "timer" : "event";
  try {
    const isLastAnswer = taken.answered !== null && type !== COMMAND_FAILED && isJoinOver(run, state);
    const transition =
      firstOpen(state.on.get(type) ?? [], run.data, data) ?? (isLastAnswer ? NO_CHANGE : null);
    if (transition === null) return noteUnexpected(context, run, trace);
    const isAnswer = state.join !== null || transition.target !== null;
    const answered = taken.answered ?? (isAnswer ? oldestAnswered(context.flow, run, type) : null);
    const waiting = answered === null ? run : withoutCommand(run, answered.id);
    const moved = follow(context, waiting, state, transition, data, { event: type, answered });
    return changed(moved.run, { ...trace, kind }, { outcome: "applied" }, context.nowMs, moved.send);
  } catch (error) {
    return refuse(context, taken.parked, input, trace, error);
  }
}

/** Beside the event: the command that it answered, which the run holds no more, and the run to park when a rule throws. */
export interface Taken {
  readonly answered: PendingCommand | null;
  readonly parked: Run;
}

/** The last answer of a join that waits for all ends the wait, also where no transition takes it. */
const NO_CHANGE: CompiledTransition = {
  target: null,
  guard: null,
  update: null,
  compensates: false,
  undo: null,
};

/** Where answers are counted or the state is left, an event that comes by itself answers the oldest command that was waiting for such. */
function oldestAnswered(flow: CompiledFlow, run: Run, event: string): PendingCommand | null {
  return run.commands.find((each) => each.purpose === "do" && canAnswer(flow, each, event)) ?? null;
}

/**
 * A rule threw, or its result cannot be stored: a caller is told when its own event is too large; all else parks the run. So does the late
 * answer to a command, because nobody would give it again.
 */
export function refuse(
  context: Context,
  run: Run,
  input: LetterInput,
  trace: Trace,
  error: unknown,
): Decision {
  const fault = toPlainError(error, "FLOW_RULE_FAILED");
  if (fault.code !== "FLOW_DATA_TOO_LARGE") return park(context, run, input, trace, "rule-failed", fault);
  const isOwn = input.kind === "event" && oldestAnswered(context.flow, run, input.type) === null;
  if (isOwn) return reject("FLOW_DATA_TOO_LARGE", fault.message);
  return park(context, run, input, trace, "data-too-large", fault);
}
