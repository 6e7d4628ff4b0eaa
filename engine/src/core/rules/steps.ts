/**
 * Completed steps, and taking them back.
 * P1  A command with an undo becomes a step when it is answered, or when its state is left while nobody knows whether it was carried out.
 *     An event of its `unless` says that there is nothing to take back.
 * P2  What an undo carries is fixed when its step is over, from the data as it is then.
 * P3  Steps are taken back one at a time, the newest first; the target is entered when the last is done. Nothing but an operator
 *     interrupts that: timers are off, and events of the definition are unexpected.
 */
import type { RetryPolicy } from "../backoff.ts";
import { DEFAULT_RETRY } from "../backoff.ts";
import type { CompiledFlow, CompiledState } from "../compile-flow.ts";
import { changed } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import { toPlainError } from "../errors.ts";
import { COMPENSATING } from "../flow.ts";
import type { LaneInput } from "../inputs.ts";
import { withCommand, withoutCommand } from "../run.ts";
import type { Compensation, PendingCommand, Run, Step } from "../run.ts";
import { carry, enter, requireState } from "./enter.ts";
import type { Moved } from "./enter.ts";
import { park } from "./park.ts";
import type { Trace } from "./park.ts";

/** Adds what these commands of a state leave to be taken back, if `event` does not say otherwise. */
export function addSteps(
  run: Run,
  state: CompiledState,
  commands: readonly PendingCommand[],
  event: string | null,
): Run {
  if (state.undo.size === 0) return run;
  const steps = commands.flatMap((command) => stepOf(run, state, command, event));
  return steps.length === 0 ? run : { ...run, steps: [...run.steps, ...steps] };
}

function stepOf(run: Run, state: CompiledState, command: PendingCommand, event: string | null): Step[] {
  const undo = command.purpose === "do" ? state.undo.get(command.type) : undefined;
  if (undo === undefined || (event !== null && undo.unless.has(event))) return [];
  const { type, channel } = undo.command;
  const data = carry(undo.command, undo.project(run.data, command.data));
  return [{ state: state.name, command: command.type, commandId: command.id, undo: { type, channel, data } }];
}

/** Takes these steps back and then enters the target; the run's other steps stay. */
export function compensate(
  context: Context,
  run: Run,
  steps: readonly Step[],
  target: string,
  version: number,
): Moved {
  const kept = run.steps.filter((step) => !steps.includes(step));
  return takeBack(context, { ...run, steps: kept }, { target, steps }, version);
}

function takeBack(context: Context, run: Run, compensation: Compensation, version: number): Moved {
  const step = compensation.steps.at(-1);
  if (step === undefined) {
    const target = requireState(context.flow, compensation.target);
    return enter(context, { ...run, compensation: null }, target, version, true);
  }
  const undo: PendingCommand = {
    ...step.undo,
    id: `${run.runId}:${version}:0`,
    attempt: 1,
    phase: "sending",
    purpose: "undo",
    undoes: step.commandId,
  };
  const isNew = run.state !== COMPENSATING;
  const compensating: Run = {
    ...run,
    state: COMPENSATING,
    outcome: null,
    commands: [undo],
    timers: [],
    compensation,
    enteredAtMs: isNew ? context.nowMs : run.enteredAtMs,
  };
  return { run: compensating, send: [undo] };
}

/** The step under way is taken back: on with the one before it, or to the target. */
export function stepUndone(
  context: Context,
  run: Run,
  undo: PendingCommand,
  input: LaneInput,
  trace: Trace,
): Decision {
  try {
    const moved = afterUndo(context, run, undo);
    return changed(
      moved.run,
      { ...trace, kind: "undone" },
      { outcome: "applied" },
      context.nowMs,
      moved.send,
    );
  } catch (error) {
    const parked = withCommand(run, { ...undo, phase: "delivered" });
    return park(context, parked, input, trace, "rule-failed", toPlainError(error, "FLOW_RULE_FAILED"));
  }
}

/** The run as it goes on when the step under way counts as taken back. */
export function afterUndo(context: Context, run: Run, undo: PendingCommand): Moved {
  const { target, steps } = run.compensation ?? { target: run.state, steps: [] };
  const rest: Compensation = { target, steps: steps.slice(0, -1) };
  return takeBack(context, withoutCommand(run, undo.id), rest, run.version + 1);
}

/** The pending undo that an event answers, if any. */
export function undoAnsweredBy(flow: CompiledFlow, run: Run, event: string): PendingCommand | null {
  if (run.compensation === null) return null;
  const isAnswer = ({ type, purpose }: PendingCommand) =>
    purpose === "undo" && flow.commands.get(type)?.answers.has(event) === true;
  return run.commands.find(isAnswer) ?? null;
}

/** How often the undo under way is tried: its step's own policy. */
export function undoRetry(flow: CompiledFlow, run: Run): RetryPolicy {
  const step = run.compensation?.steps.at(-1);
  const undo = step === undefined ? undefined : flow.states.get(step.state)?.undo.get(step.command);
  return undo?.retry ?? DEFAULT_RETRY;
}
