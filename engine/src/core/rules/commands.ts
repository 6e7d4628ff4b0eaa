import type { Json } from "@sluice/contracts/envelope";
import { backoffMs } from "../backoff.ts";
import type { RetryPolicy } from "../backoff.ts";
import type { CompiledFlow, CompiledState } from "../compile-flow.ts";
import { changed, describeFaults, plain, unchanged, unkeepable, withoutStack } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import { fractionOf } from "../digest.ts";
import type { PlainError } from "../errors.ts";
import { COMMAND_FAILED } from "../flow.ts";
import type { SchemaFault } from "../flow.ts";
import type { HistoryEntry } from "../history.ts";
import type { SettledInput, Settlement } from "../inputs.ts";
import { copyJson } from "../json-copy.ts";
import { RETRIED } from "../retried.ts";
import { withCommand, withoutCommand } from "../run.ts";
import type { ParkReason, PendingCommand, Run } from "../run.ts";
import { armAt, requireState } from "./enter.ts";
import { takeAnswer, takeEvent } from "./events.ts";
import { asSent, park, queueBehind } from "./park.ts";
import type { Trace } from "./park.ts";
import { pollAgain } from "./polls.ts";
import { isStranded } from "./stranded.ts";
import { undoRetry } from "./undo.ts";

export function settle(context: Context, run: Run, input: SettledInput): Decision {
  const command = run.commands.find(({ id }) => id === input.commandId);
  // Answered before, withdrawn because the state was left, or an attempt that a later one replaced.
  const isStale = command === undefined || run.outcome !== null;
  if (isStale) return unchanged({ outcome: "stale" });
  const { settlement } = input;
  switch (settlement.type) {
    case "answered":
      return settleAnswered(context, run, command, input, settlement.event);
    case "delivered":
      if (command.phase !== "sending" || command.attempt !== input.attempt)
        return unchanged({ outcome: "stale" });
      if (command.purpose === "poll") return pollAgain(context, run, command, null);
      return delivered(context, run, command, settlement);
    case "no-news":
      if (command.purpose === "poll") return pollAgain(context, run, command, null);
      return failAttempt(context, run, command, input, noNews(command));
    case "failed":
      if (command.phase === "waiting" || command.attempt !== input.attempt)
        return unchanged({ outcome: "stale" });
      return failAttempt(context, run, command, input, settlement.error);
    case "ended": {
      // A dead letter keeps the end itself: another version of the flow may know what it means.
      const ended: SettledInput = { ...input, attempt: command.attempt };
      const said = wordOfChild(context.flow, command, settlement);
      return said.type === "answered"
        ? settleAnswered(context, run, command, ended, said.event)
        : failAttempt(context, run, command, ended, said.error);
    }
  }
}

function delivered(
  context: Context,
  run: Run,
  command: PendingCommand,
  { childId, isCarriedOut }: Extract<Settlement, { readonly type: "delivered" }>,
): Decision {
  const { type, id: commandId, attempt } = command;
  const delivery: PendingCommand = {
    ...command,
    phase: "delivered",
    ...(childId === undefined ? {} : { childId }),
    ...(isCarriedOut === undefined ? {} : { isCarriedOut }),
  };
  return changed(
    withCommand(run, delivery),
    {
      kind: "command-delivered",
      type,
      commandId,
      attempt,
      ...(childId === undefined ? {} : { child: childId }),
    },
    { outcome: "applied" },
    context.nowMs,
  );
}

type ChildEnd = Extract<Settlement, { readonly type: "ended" }>;
type ChildWord = Extract<Settlement, { readonly type: "answered" | "failed" }>;

/** What the end of a child run says to its parent. */
export function wordOfChild(
  flow: CompiledFlow,
  command: Pick<PendingCommand, "type">,
  { outcome, data }: ChildEnd,
): ChildWord {
  const child = flow.commands.get(command.type)?.child;
  const type = child?.outcomes.get(outcome);
  if (type !== undefined) return { type: "answered", event: { type, data } };
  const known = [...(child?.outcomes.keys() ?? [])].join(", ") || "none";
  const message = `the ${child?.flow ?? "child"} run of ${command.type} ended ${outcome}, expected one of: ${known}`;
  return { type: "failed", error: plain("FLOW_CHILD_REFUSED", "invalid", message) };
}

/** The event that a participant answers with. */
interface AnswerEvent {
  readonly type: string;
  readonly data: Json;
}

/** An answer counts whichever attempt brought it, since all attempts are one command. */
function settleAnswered(
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
  return takeAnswer(context, run, command, input, { type: event.type, data }, trace);
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

function failAttempt(
  context: Context,
  run: Run,
  command: PendingCommand,
  input: SettledInput,
  error: PlainError,
): Decision {
  if (command.purpose === "poll") return pollAgain(context, run, command, error);
  const policy =
    command.purpose === "undo" ? undoRetry(context.flow, run) : requireState(context.flow, run.state).retry;
  const isRetried = RETRIED[error.kind] && !policy.never.includes(error.code);
  if (isRetried && countedAttempts(command) < policy.attemptsMax)
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
  const waitMs = Math.max(backoffMs(policy, countedAttempts(command), random), error.retryAfterMs ?? 0);
  const nextAtMs = context.nowMs + waitMs;
  const waiting = withCommand(run, { ...command, attempt: command.attempt + 1, phase: "waiting" });
  return changed(
    armAt(waiting, "retry", nextAtMs, { commandId: command.id }),
    { ...attemptTrace(command, error), kind: "command-attempted", nextAtMs },
    { outcome: "applied" },
    context.nowMs,
  );
}

function countedAttempts({ attempt, attemptsForgiven = 0 }: PendingCommand): number {
  return attempt - attemptsForgiven;
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
  if (command.purpose === "undo") return park(context, spoken, input, trace, "undo-failed", error);
  const state = requireState(context.flow, run.state);
  const event: Json = {
    commandId: command.id,
    type: command.type,
    attempts: command.attempt,
    error: { code: error.code, kind: error.kind, message: error.message },
  };
  if (!state.on.has(COMMAND_FAILED)) return park(context, spoken, input, trace, reason, error);
  const remaining = withoutCommand(run, command.id);
  const failed = takeEvent(
    context,
    remaining,
    input,
    COMMAND_FAILED,
    event,
    { ...trace, data: event },
    { answered: command, parked: spoken },
  );
  const isNews = failed.answer.outcome !== "unexpected" && !isStuck(failed.run, state);
  return isNews ? failed : park(context, spoken, input, trace, reason, error);
}

/** Where nobody is left to give an answer, and nothing else moves the run on, a failure cannot just be noted. */
function isStuck(run: Run | null, state: CompiledState): boolean {
  return run?.state === state.name && run.parked === null && isStranded(run, state);
}
