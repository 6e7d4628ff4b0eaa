/**
 * Following a transition: its update, the steps that are over, and where it leads.
 * J1  A join that waits for all is taken when none of its state's commands is under way: whether they were answered, have failed and that
 *     was handled, were skipped, or there was none to send. So a run never rests in such a state.
 * J2  One that waits for any is taken at the first answer whose transition lets the run stay.
 */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { CompiledFlow, CompiledJoin, CompiledState, CompiledTransition } from "../compile-flow.ts";
import type { Context } from "../decision.ts";
import { engineError } from "../errors.ts";
import { COMMAND_FAILED } from "../flow.ts";
import type { PendingCommand, Run } from "../run.ts";
import { enter, requireState, withData } from "./enter.ts";
import type { Moved } from "./enter.ts";
import { addEventStep, addSteps, compensate, givenUp } from "./steps.ts";
import type { Over } from "./steps.ts";

/** Why a transition is followed: the event, if it was one, and the command it answered, if it did. */
export interface Cause {
  readonly event: string | null;
  readonly answered: PendingCommand | null;
}

export const BY_ITSELF: Cause = { event: null, answered: null };

/** Most joins a run passes at once. Joins follow each other only where there is nothing to send, so this many of them are a circle. */
export const JOINS_PASSED_MAX = 100;

/** `run` no longer holds the command that was answered. */
export function follow(
  context: Context,
  run: Run,
  from: CompiledState,
  transition: CompiledTransition,
  payload: Json,
  cause: Cause,
): Moved {
  return passJoins(context, step(context, run, from, transition, payload, cause));
}

function step(
  context: Context,
  run: Run,
  from: CompiledState,
  transition: CompiledTransition,
  payload: Json,
  cause: Cause,
): Moved {
  const updated = withEvent(update(context, run, transition, payload), from, transition, payload, cause);
  if (transition.target !== null) {
    const over = overBy(context.flow, updated, cause);
    return leave(context, addSteps(updated, from, over), from, transition, transition.target);
  }
  const stepped = addSteps(updated, from, wordOn(cause));
  const isWinner = cause.answered?.purpose === "do" && cause.event !== COMMAND_FAILED;
  if (from.join?.wait === "any" && isWinner) return takeJoin(context, stepped, from, from.join);
  return { run: stepped, send: [] };
}

function update(context: Context, run: Run, transition: CompiledTransition, payload: Json): Run {
  if (transition.update === null) return run;
  return withData(context, run, transition.update({ data: run.data, event: payload }));
}

function withEvent(
  run: Run,
  from: CompiledState,
  transition: CompiledTransition,
  data: Json,
  { event }: Cause,
): Run {
  return event === null ? run : addEventStep(run, from, transition, { type: event, data });
}

function wordOn({ answered, event }: Cause): readonly Over[] {
  return answered === null ? [] : [{ command: answered, event }];
}

/**
 * All commands that are over when the state is left, the one that was answered first. Of the others the event says something only if it
 * cannot be their own answer: which of several alike it answers is known of one alone.
 */
function overBy(flow: CompiledFlow, run: Run, cause: Cause): readonly Over[] {
  const { event } = cause;
  const others = run.commands.map((command) => ({
    command,
    event: event === null || event === COMMAND_FAILED || canAnswer(flow, command, event) ? null : event,
  }));
  return [...wordOn(cause), ...others];
}

/** Whether a command may be answered so. */
export function canAnswer(flow: CompiledFlow, { type }: PendingCommand, event: string): boolean {
  return flow.commands.get(type)?.answers.has(event) === true;
}

function leave(
  context: Context,
  run: Run,
  from: CompiledState,
  transition: CompiledTransition,
  targetName: string,
): Moved {
  const target = requireState(context.flow, targetName);
  const version = run.version + 1;
  if (transition.compensates) return compensate(context, run, run.steps, target.name, version);
  return enter(context, run, target, version, target !== from);
}

/**
 * The run where it comes to rest: past every join that has nothing to wait for.
 * @throws FLOW_RULE_FAILED (bug) when there are more than JOINS_PASSED_MAX of them, or one leads nowhere
 */
export function passJoins(context: Context, moved: Moved): Moved {
  let passed = moved;
  for (let joins = 0; joins <= JOINS_PASSED_MAX; joins++) {
    const state = requireState(context.flow, passed.run.state);
    if (state.join === null || !isJoinOver(passed.run, state)) return passed;
    passed = takeJoin(context, passed.run, state, state.join);
  }
  throw engineError(
    "FLOW_RULE_FAILED",
    `more than ${JOINS_PASSED_MAX} joins follow each other with nothing to wait for (JOINS_PASSED_MAX), the last in state ${passed.run.state}; let one of them lead out of the circle`,
  );
}

/** Whether a state waits for all of its commands, and none of them is under way. */
export function isJoinOver({ commands }: Pick<Run, "commands">, { join }: CompiledState): boolean {
  return join?.wait === "all" && !commands.some(({ purpose }) => purpose === "do");
}

function takeJoin(
  context: Context,
  run: Run,
  from: CompiledState,
  { then, undoesLosers }: CompiledJoin,
): Moved {
  const transition = firstOpen(then, run.data, {});
  if (transition === null || transition.target === null)
    throw engineError(
      "FLOW_RULE_FAILED",
      `the join of state ${from.name} leads nowhere, expected its last transition to have a target and no guard`,
    );
  if (!undoesLosers || transition.compensates) return step(context, run, from, transition, {}, BY_ITSELF);
  const updated = update(context, run, transition, {});
  const stepped = addSteps(updated, from, givenUp(updated.commands));
  const lost = stepped.steps.slice(updated.steps.length);
  return compensate(context, stepped, lost, transition.target, run.version + 1);
}

/** The first transition whose guard is true. */
export function firstOpen(
  transitions: readonly CompiledTransition[],
  data: JsonObject,
  event: Json,
): CompiledTransition | null {
  return transitions.find(({ guard }) => guard === null || guard({ data, event })) ?? null;
}
