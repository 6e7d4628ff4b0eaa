import type { Json } from "@sluice/contracts/envelope";
import type { CompiledFlow, CompiledTransition } from "../compile-flow.ts";
import { changed, reject, rejectFaults, rejectUnkeepable, unchanged } from "../decision.ts";
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
import { park, queueBehind } from "./park.ts";
import type { Trace } from "./park.ts";
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
    if (isBodyDigest(before.digest, input.data, input.type))
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
  const digest = bodyDigest(input.data, input.type);
  const trace = { type: input.type, eventId: input.id, digest, data: input.data };
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
  const state = requireState(context.flow, run.state);
  const kind: HistoryKind = input.kind === "timer" ? "timer" : "event";
  try {
    const isLastAnswer = taken.answered !== null && type !== COMMAND_FAILED && isJoinOver(run, state);
    const transition =
      firstOpen(state.on.get(type) ?? [], run.data, data) ?? (isLastAnswer ? NO_CHANGE : null);
    if (transition === null)
      return changed(run, { ...trace, kind: "unexpected" }, { outcome: "unexpected" }, context.nowMs);
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
