import type { Json } from "@sluice/contracts/envelope";
import type { ErrorKind } from "@sluice/contracts/problem";
import { backoffMs } from "../backoff.ts";
import type { RetryPolicy } from "../backoff.ts";
import type { CompiledFlow } from "../compile-flow.ts";
import { changed, describeFaults, plain, unchanged, unkeepable, withoutStack } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import { fractionOf } from "../digest.ts";
import type { PlainError } from "../errors.ts";
import { COMMAND_FAILED } from "../flow.ts";
import type { SchemaFault } from "../flow.ts";
import type { HistoryEntry } from "../history.ts";
import type { SettledInput } from "../inputs.ts";
import { copyJson } from "../json-copy.ts";
import { withCommand, withoutCommand } from "../run.ts";
import type { ParkReason, PendingCommand, Run } from "../run.ts";
import { armAt, requireState } from "./enter.ts";
import { takeEvent } from "./events.ts";
import { park, queueBehind } from "./park.ts";
import type { Trace } from "./park.ts";
import { pollAgain } from "./polls.ts";

export function settle(context: Context, run: Run, input: SettledInput): Decision {
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

/** The event that a participant answers with. */
interface AnswerEvent {
  readonly type: string;
  readonly data: Json;
}

/** An answer counts whichever attempt brought it, since all attempts are one command. */
function takeAnswer(
  context: Context,
  run: Run,
  command: PendingCommand,
  input: SettledInput,
  event: AnswerEvent,
): Decision {
  const { copy: data, fault: flaw } = copyJson(event.data);
  if (flaw !== null) {
    // What cannot be kept cannot become a dead letter either; the error says what it was.
    const error = unkeepableAnswer(command, event, flaw);
    return failAttempt(context, run, command, { ...input, settlement: { type: "failed", error } }, error);
  }
  const fault = checkDeclared(context.flow, command, { type: event.type, data });
  if (fault !== null) return failAttempt(context, run, command, input, fault);
  const trace: Trace = { type: event.type, commandId: command.id, attempt: input.attempt, data };
  if (run.parked !== null) return queueBehind(context, asSent(run, command), input, trace);
  const answered = withoutCommand(run, command.id);
  const decision = takeEvent(context, answered, input, event.type, data, trace);
  if (decision.answer.outcome !== "unexpected" || !isStranded(context, answered)) return decision;
  const why = plain(
    "FLOW_RULE_FAILED",
    "bug",
    `state ${run.state} takes no ${event.type} now, and it answered the command the state has sent`,
  );
  return park(context, answered, input, trace, "answer-not-taken", why);
}

/**
 * A command whose outcome is kept in a dead letter is not sent again. A takeover brings outbox rows a second time, and while its run is
 * parked nothing else would say that this one is settled: a transactional command would take effect once more.
 */
function asSent(run: Run, command: PendingCommand): Run {
  return withCommand(run, { ...command, phase: "delivered" });
}

/** Whether nothing is left that could move the run: no command, no timer, and no event that comes from anywhere but its commands. */
function isStranded({ flow }: Context, run: Run): boolean {
  if (run.commands.length + run.timers.length > 0) return false;
  const state = requireState(flow, run.state);
  const answers = new Set(state.send.flatMap(({ command }) => [...command.answers]));
  return [...state.on.keys()].every((type) => type === COMMAND_FAILED || answers.has(type));
}

/** Whether a participant may answer so. A wrong answer is a mistake of the participant: it is not tried again. */
export function checkAnswer(
  flow: CompiledFlow,
  command: Pick<PendingCommand, "type">,
  event: AnswerEvent,
): PlainError | null {
  const { copy: data, fault } = copyJson(event.data);
  if (fault !== null) return unkeepableAnswer(command, event, fault);
  return checkDeclared(flow, command, { type: event.type, data });
}

function unkeepableAnswer(
  { type }: Pick<PendingCommand, "type">,
  event: AnswerEvent,
  fault: SchemaFault,
): PlainError {
  return plain("FLOW_BAD_ANSWER", "bug", unkeepable(`the ${event.type} that answered ${type}`, fault));
}

function checkDeclared(
  flow: CompiledFlow,
  command: Pick<PendingCommand, "type">,
  event: AnswerEvent,
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
  // Whether it becomes a dead letter or waits behind one: the command's last word is spoken.
  const spoken = asSent(run, command);
  if (run.parked !== null) return queueBehind(context, spoken, input, trace);
  const state = requireState(context.flow, run.state);
  const event: Json = {
    commandId: command.id,
    type: command.type,
    attempts: command.attempt,
    error: { code: error.code, kind: error.kind, message: error.message },
  };
  if (!state.on.has(COMMAND_FAILED)) return park(context, spoken, input, trace, reason, error);
  const failed = takeEvent(context, withoutCommand(run, command.id), input, COMMAND_FAILED, event, {
    ...trace,
    data: event,
  });
  return failed.answer.outcome === "unexpected" ? park(context, spoken, input, trace, reason, error) : failed;
}
