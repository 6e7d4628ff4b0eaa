/** The undo under way: what answers it, how often it is tried, and what follows it. */
import { DEFAULT_RETRY } from "../backoff.ts";
import type { RetryPolicy } from "../backoff.ts";
import type { CompiledFlow, CompiledState, CompiledUndo } from "../compile-flow.ts";
import { changed } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import { engineError, toPlainError } from "../errors.ts";
import type { LetterInput } from "../inputs.ts";
import { withoutCommand } from "../run.ts";
import type { Compensation, PendingCommand, Run } from "../run.ts";
import type { Moved } from "./enter.ts";
import { canAnswer, passJoins } from "./follow.ts";
import { asSent, park } from "./park.ts";
import type { Trace } from "./park.ts";
import { takeBack } from "./steps.ts";

/** The undo under way, if the run is taking steps back and this event answers it. */
export function undoAnsweredBy(flow: CompiledFlow, run: Run, event: string): PendingCommand | null {
  const undo = run.commands.find(({ purpose }) => purpose === "undo");
  return undo !== undefined && canAnswer(flow, undo, event) ? undo : null;
}

/** The step under way is taken back: on with the one before it, or to the target. */
export function stepUndone(
  context: Context,
  run: Run,
  undo: PendingCommand,
  input: LetterInput,
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
    const fault = toPlainError(error, "FLOW_RULE_FAILED");
    return park(context, asSent(run, undo), input, trace, "rule-failed", fault);
  }
}

/** The run as it goes on when the step under way counts as taken back. */
export function afterUndo(context: Context, run: Run, undo: PendingCommand): Moved {
  const compensation = requireCompensation(run);
  const rest: Compensation = { ...compensation, steps: compensation.steps.slice(0, -1) };
  return passJoins(context, takeBack(context, withoutCommand(run, undo.id), rest, run.version + 1));
}

/** How often the undo under way is tried: as its step's state says, if the version still has that state. */
export function undoRetry(flow: CompiledFlow, run: Run): RetryPolicy {
  for (const { state, command, undo } of requireCompensation(run).steps.slice(-1)) {
    const known = undosOf(flow.states.get(state), command).find((each) => each.command.type === undo.type);
    if (known !== undefined) return known.retry;
  }
  return DEFAULT_RETRY;
}

/** The undo of a command, and those of an event of this name: each of its transitions may have one. */
function undosOf(state: CompiledState | undefined, name: string): readonly CompiledUndo[] {
  const transitions = state?.on.get(name) ?? [];
  return [state?.undo.get(name), ...transitions.map(({ undo }) => undo)].filter((undo) => undo != null);
}

function requireCompensation({ runId, compensation }: Run): Compensation {
  if (compensation !== null) return compensation;
  throw engineError("FLOW_UNEXPECTED", `run ${runId} has an undo under way, and nothing to take back`);
}
