/**
 * Taking dead letters in again, and sending commands again that an operator gives new attempts.
 * Q1  Letters are taken in their order, each as it was meant the first time. Behind one that parks the run again the others are dead
 *     letters again, still in order.
 * Q2  No letter is lost: one that is refused now, or that nothing takes while nothing else moves the run, parks the run again.
 * Q3  Where the word of a command parked the run, and no rule could make anything of it, the command is sent again.
 */
import type { Context, Decision } from "../decision.ts";
import { changed, plain } from "../decision.ts";
import { toPlainError } from "../errors.ts";
import type { EventInput, LetterInput, RedriveInput, SettledInput } from "../inputs.ts";
import { withCommand } from "../run.ts";
import type { ParkReason, PendingCommand, Run } from "../run.ts";
import { checkAnswer, settle } from "./commands.ts";
import { requireState } from "./enter.ts";
import { takeFromOutside, traceOfEvent } from "./events.ts";
import { park, queueBehind } from "./park.ts";
import type { Trace } from "./park.ts";
import { isStranded } from "./stranded.ts";
import { fireTimer } from "./timers.ts";

/** One dead letter of a run that goes on. */
export function redrive(context: Context, run: Run, letter: RedriveInput): Decision {
  const { version, input } = letter;
  const decision =
    run.parked === null ? takeSafely(context, run, letter) : queueBehind(context, run, input, traceOf(input));
  return decision.entry === null ? decision : { ...decision, entry: { ...decision.entry, letter: version } };
}

/** What cannot even be judged, because the version lacks the run's state for instance, stays a dead letter too. */
function takeSafely(context: Context, run: Run, { input, reason }: RedriveInput): Decision {
  try {
    return takeAgain(context, run, input, reason);
  } catch (error) {
    const fault = toPlainError(error, "FLOW_UNEXPECTED");
    return park(context, run, input, traceOf(input), "rule-failed", fault);
  }
}

function takeAgain(context: Context, run: Run, input: LetterInput, reason: ParkReason | null): Decision {
  switch (input.kind) {
    case "event":
      return takeEventAgain(context, run, input);
    case "settled": {
      const command = run.commands.find(({ id }) => id === input.commandId);
      const isOwed = command !== undefined && ASKED_AGAIN.has(reason) && !isTakeable(context, command, input);
      return isOwed ? sendOnceMore(context, run, command) : settle(context, run, input);
    }
    case "timer":
      return fireTimer(context, run, input);
  }
}

/** Its sender was told that it is kept, so it can be refused no more. */
function takeEventAgain(context: Context, run: Run, input: EventInput): Decision {
  const trace = traceOf(input);
  const decision = takeFromOutside(context, run, input, trace);
  const { answer } = decision;
  if (answer.outcome === "rejected") {
    const { code, message } = answer.error;
    return park(context, run, input, trace, "data-too-large", plain(code, "invalid", message));
  }
  const after = decision.run ?? run;
  const isOver = after.outcome !== null || after.parked !== null;
  if (isOver || !isStranded(after, requireState(context.flow, after.state))) return decision;
  const why = `${input.type} does not lead out of state ${run.state} now, and nothing else would move the run on`;
  return park(context, run, input, trace, "answer-not-taken", plain("FLOW_RULE_FAILED", "bug", why));
}

const ASKED_AGAIN: ReadonlySet<ParkReason | null> = new Set<ParkReason>([
  "command-gave-up",
  "command-refused",
  "undo-failed",
]);

/** An answer that was refused may be right by now, in another version. The end of a child run stays what it is, however often one asks. */
function isTakeable({ flow }: Context, command: PendingCommand, { settlement }: SettledInput): boolean {
  if (settlement.type === "answered") return checkAnswer(flow, command, settlement.event) === null;
  return settlement.type === "ended";
}

/** Its event id stays with the entry that took the event in first. */
function traceOf(input: LetterInput): Trace {
  if (input.kind === "event") return traceOfEvent(input);
  return input.kind === "settled" ? { commandId: input.commandId, attempt: input.attempt } : {};
}

function sendOnceMore(context: Context, run: Run, command: PendingCommand): Decision {
  const sending = withNewAttempts(command);
  const trace: Trace = { type: command.type, commandId: command.id, attempt: sending.attempt };
  return changed(
    withCommand(run, sending),
    { ...trace, kind: "retried" },
    { outcome: "applied" },
    context.nowMs,
    [sending],
  );
}

/** The command as if it had not been tried yet. Its attempts go on counting, so that a late word about an old one is known as such. */
export function withNewAttempts(command: PendingCommand): PendingCommand {
  const attempt = command.phase === "waiting" ? command.attempt : command.attempt + 1;
  return { ...command, attempt, attemptsForgiven: attempt - 1, phase: "sending" };
}
