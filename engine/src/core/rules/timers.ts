import type { CompiledTimer, CompiledTransition } from "../compile-flow.ts";
import { changed, unchanged } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import type { TimerInput } from "../inputs.ts";
import { activeTimers, withCommand } from "../run.ts";
import type { PendingCommand, Run, RunTimer } from "../run.ts";
import { requireState } from "./enter.ts";
import { refuse, takeEvent } from "./events.ts";
import { BY_ITSELF, follow } from "./follow.ts";
import type { Trace } from "./park.ts";
import { ask } from "./polls.ts";

export function fireTimer(context: Context, run: Run, input: TimerInput): Decision {
  const timer = activeTimers(run).find(({ number }) => number === input.number);
  if (timer === undefined) return unchanged({ outcome: "stale" });
  const fired: Run = { ...run, timers: run.timers.filter((other) => other !== timer) };
  const state = requireState(context.flow, run.state);
  switch (timer.kind) {
    case "retry":
      return sendAgain(context, fired, timer);
    case "poll":
      return ask(context, run, fired, state, timer, input);
    case "after":
      return takeTimer(context, run, fired, input, timer, state.after[timer.index ?? 0] ?? null);
    case "deadline":
      return takeTimer(context, run, fired, input, timer, state.deadline);
    case "flow-deadline":
      return takeTimer(context, run, fired, input, timer, context.flow.deadline);
    case "give-up":
      return takeTimer(context, run, fired, input, timer, state.poll?.giveUp ?? null);
  }
}

/** A run that a rule parks keeps the timer: it fires again when an operator lets the run go on. */
function takeTimer(
  context: Context,
  parked: Run,
  run: Run,
  input: TimerInput,
  timer: RunTimer,
  compiled: CompiledTimer | null,
): Decision {
  if (compiled === null) return unchanged({ outcome: "stale" });
  const trace: Trace = { type: compiled.event ?? timer.kind };
  if (compiled.event !== null)
    return takeEvent(
      context,
      run,
      input,
      compiled.event,
      {},
      { ...trace, data: {} },
      { answered: null, parked },
    );
  const { target, compensates } = compiled;
  const transition: CompiledTransition = { target, compensates, guard: null, update: null, undo: null };
  try {
    const moved = follow(context, run, requireState(context.flow, run.state), transition, {}, BY_ITSELF);
    return changed(moved.run, { ...trace, kind: "timer" }, { outcome: "applied" }, context.nowMs, moved.send);
  } catch (error) {
    return refuse(context, parked, input, trace, error);
  }
}

function sendAgain(context: Context, run: Run, timer: RunTimer): Decision {
  const command = run.commands.find(({ id }) => id === timer.commandId);
  if (command === undefined) return unchanged({ outcome: "stale" });
  const sending: PendingCommand = { ...command, phase: "sending" };
  return changed(
    withCommand(run, sending),
    { kind: "timer", type: "retry", commandId: command.id, attempt: command.attempt },
    { outcome: "applied" },
    context.nowMs,
    [sending],
  );
}
