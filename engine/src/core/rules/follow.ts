/** Following a transition: its update, the steps that are over, and where it leads. */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { CompiledJoin, CompiledState, CompiledTransition } from "../compile-flow.ts";
import type { Context } from "../decision.ts";
import { engineError } from "../errors.ts";
import { COMMAND_FAILED } from "../flow.ts";
import type { PendingCommand, Run } from "../run.ts";
import { enter, requireState, withData } from "./enter.ts";
import type { Moved } from "./enter.ts";
import { addSteps, compensate } from "./steps.ts";

/** Why a transition is followed: the event, if it was one, and the command it answered, if it did. */
export interface Cause {
  readonly event: string | null;
  readonly answered: PendingCommand | null;
}

export const BY_ITSELF: Cause = { event: null, answered: null };

/** `run` no longer holds the command that was answered. */
export function follow(
  context: Context,
  run: Run,
  from: CompiledState,
  transition: CompiledTransition,
  payload: Json,
  cause: Cause,
): Moved {
  const updated =
    transition.update === null
      ? run
      : withData(context, run, transition.update({ data: run.data, event: payload }));
  const answered = cause.answered === null ? [] : [cause.answered];
  const isLeaving = transition.target !== null;
  const over = isLeaving ? [...answered, ...updated.commands] : answered;
  const stepped = addSteps(updated, from, over, cause.event);
  if (isLeaving) return leave(context, stepped, from, transition);
  return from.join === null
    ? { run: stepped, send: [] }
    : joinIfReady(context, stepped, from, from.join, cause);
}

function leave(context: Context, run: Run, from: CompiledState, transition: CompiledTransition): Moved {
  const target = requireState(context.flow, transition.target ?? from.name);
  const version = run.version + 1;
  if (transition.compensates) return compensate(context, run, run.steps, target.name, version);
  return enter(context, run, target, version, target !== from);
}

/** An answer that let the run stay: it may be the one the join was waiting for. */
function joinIfReady(
  context: Context,
  run: Run,
  from: CompiledState,
  join: CompiledJoin,
  cause: Cause,
): Moved {
  if (cause.answered === null) return { run, send: [] };
  const underWay = run.commands.filter(({ purpose }) => purpose === "do");
  const isReady = join.wait === "all" ? underWay.length === 0 : cause.event !== COMMAND_FAILED;
  if (!isReady) return { run, send: [] };
  const transition = firstOpen(join.then, run.data, {});
  if (transition === null)
    throw engineError(
      "FLOW_RULE_FAILED",
      `the join of state ${from.name} has no transition whose guard is true, expected the last to have none`,
    );
  const isPartial = join.undoesLosers && !transition.compensates && transition.target !== null;
  return isPartial
    ? undoLosers(context, run, from, transition, underWay)
    : follow(context, run, from, transition, {}, BY_ITSELF);
}

/** What the losers leave is taken back before the run goes on. */
function undoLosers(
  context: Context,
  run: Run,
  from: CompiledState,
  transition: CompiledTransition,
  losers: readonly PendingCommand[],
): Moved {
  const updated =
    transition.update === null
      ? run
      : withData(context, run, transition.update({ data: run.data, event: {} }));
  const stepped = addSteps(updated, from, losers, null);
  const lost = stepped.steps.filter(({ commandId }) => losers.some(({ id }) => id === commandId));
  return compensate(context, stepped, lost, transition.target ?? from.name, run.version + 1);
}

/** The first transition whose guard is true. */
export function firstOpen(
  transitions: readonly CompiledTransition[],
  data: JsonObject,
  event: Json,
): CompiledTransition | null {
  return transitions.find(({ guard }) => guard === null || guard({ data, event })) ?? null;
}
