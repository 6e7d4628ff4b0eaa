/**
 * Completed steps, and taking them back.
 * P1  A command with an undo becomes a step when it is answered, or when its state is left while nobody knows whether it was carried out.
 *     An event of its `unless` says that there is nothing to take back. An event whose transition has an undo, a payment say, is a step itself.
 * P2  What an undo carries is fixed when its step is over, from the data as it is then.
 * P3  Steps are taken back one at a time, the newest first; the target is entered when the last is done. Nothing but an operator
 *     interrupts that: timers sleep, and events of the definition are unexpected.
 * P4  An event that tells meanwhile of something done is a step too, the next to be taken back, if the state that was left has an undo of
 *     it: what was done late is not lost.
 */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { CompiledFlow, CompiledState, CompiledTransition, CompiledUndo } from "../compile-flow.ts";
import type { Context } from "../decision.ts";
import { engineError } from "../errors.ts";
import { COMPENSATING, STEPS_MAX } from "../flow.ts";
import type { Compensation, PendingCommand, Run, Step } from "../run.ts";
import { carry, enter, requireState } from "./enter.ts";
import type { Moved } from "./enter.ts";

/** A command that is waited for no more, and the event that says what became of it; null when nobody knows. */
export interface Over {
  readonly command: PendingCommand;
  readonly event: string | null;
}

/** Commands that are given up: whether they were carried out is not known. */
export function givenUp(commands: readonly PendingCommand[]): readonly Over[] {
  return commands.map((command) => ({ command, event: null }));
}

/**
 * Adds what these commands of a state leave to be taken back.
 * @throws FLOW_RULE_FAILED (bug) when the run would remember more than STEPS_MAX steps, or an undo may not carry what it is given
 */
export function addSteps(run: Run, state: CompiledState, over: readonly Over[]): Run {
  if (state.undo.size === 0) return run;
  return remember(
    run,
    over.flatMap((each) => stepOf(run, state, each)),
  );
}

function remember(run: Run, added: readonly Step[]): Run {
  if (added.length === 0) return run;
  const steps = [...run.steps, ...added];
  if (steps.length <= STEPS_MAX) return { ...run, steps };
  throw engineError(
    "FLOW_RULE_FAILED",
    `the run has ${steps.length} steps to take back, at most ${STEPS_MAX} are remembered (STEPS_MAX); end it, or let child flows do the work`,
  );
}

function stepOf(run: Run, state: CompiledState, { command, event }: Over): Step[] {
  const undo = command.purpose === "do" ? state.undo.get(command.type) : undefined;
  if (undo === undefined || (event !== null && undo.unless.has(event))) return [];
  const { type, channel } = undo.command;
  const data = carry(undo.command, undo.project(run.data, command.data));
  return [{ state: state.name, command: command.type, commandId: command.id, undo: { type, channel, data } }];
}

/** An event as its undo sees it. */
export interface Told {
  readonly type: string;
  readonly data: Json;
  /** The version that the event made; by default the next one. */
  readonly version?: number;
}

/** Adds what an event itself tells that it was done, if the transition that it takes has an undo. */
export function addEventStep(
  run: Run,
  state: CompiledState,
  transition: CompiledTransition,
  told: Told,
): Run {
  return transition.undo === null ? run : rememberEvent(run, state, transition.undo, told, run.data);
}

/**
 * The same for an event that no rule could take in. Where a guard throws, nobody knows which transition it meant; an undo too many is
 * harmless, one too few is not.
 */
export function addUntakenStep(run: Run, state: CompiledState, told: Told): Run {
  const scene = { data: run.data, event: told.data };
  for (const { guard, update, undo } of state.on.get(told.type) ?? []) {
    const isOpen = guard === null || unlessItThrows(() => guard(scene));
    if (undo !== null && isOpen !== false) {
      const updated = update === null ? null : unlessItThrows(() => update(scene));
      return rememberEvent(run, state, undo, told, updated ?? run.data);
    }
    if (isOpen === true) return run;
  }
  return run;
}

/**
 * The same for one that only waited behind another. Nobody knows where the run would have been by then: where its state does not take such
 * events, whichever state does may have the undo.
 */
export function addWaitingStep(flow: CompiledFlow, run: Run, state: CompiledState, told: Told): Run {
  const judges = state.on.has(told.type) ? [state] : flow.states.values();
  for (const judge of judges) {
    const done = addUntakenStep(run, judge, told);
    if (done !== run) return done;
  }
  return run;
}

/** The run with what this event tells among the steps being taken back, as the next of them; null where there is nothing to take back (P4). */
export function takeBackToo(
  flow: CompiledFlow,
  run: Run,
  compensation: Compensation,
  told: Told,
): Run | null {
  const state = flow.states.get(compensation.from ?? "");
  if (state === undefined) return null;
  const before: Run = { ...run, steps: [...run.steps, ...compensation.steps] };
  const step = addUntakenStep(before, state, told).steps[before.steps.length];
  if (step === undefined) return null;
  const steps = compensation.steps.toSpliced(-1, 0, step);
  return { ...run, compensation: { ...compensation, steps } };
}

function unlessItThrows<T>(rule: () => T): T | null {
  try {
    return rule();
  } catch {
    return null;
  }
}

function rememberEvent(
  run: Run,
  state: CompiledState,
  { command, project }: CompiledUndo,
  told: Told,
  data: JsonObject,
): Run {
  const carried = carry(command, project(data, told.data));
  const undo = { type: command.type, channel: command.channel, data: carried };
  // No command did it, so it gets an id that none has.
  const commandId = `${run.runId}:${told.version ?? run.version + 1}:${told.type}`;
  return remember(run, [{ state: state.name, command: told.type, commandId, undo }]);
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
  return takeBack(context, { ...run, steps: kept }, { target, steps, from: run.state }, version);
}

/** Sends the undo of the newest step, or enters the target when none is left. */
export function takeBack(context: Context, run: Run, compensation: Compensation, version: number): Moved {
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
    // It limits the whole run, so it goes on afterwards.
    timers: run.timers.filter(({ kind }) => kind === "flow-deadline"),
    compensation,
    enteredAtMs: isNew ? context.nowMs : run.enteredAtMs,
  };
  return { run: compensating, send: [undo] };
}
