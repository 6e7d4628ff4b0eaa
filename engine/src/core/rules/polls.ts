import type { CompiledPoll, CompiledState } from "../compile-flow.ts";
import { changed, unchanged, withoutStack } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import { fractionOf } from "../digest.ts";
import type { PlainError } from "../errors.ts";
import type { TimerInput } from "../inputs.ts";
import { withoutCommand } from "../run.ts";
import type { PendingCommand, Run, RunTimer } from "../run.ts";
import { armAt, issue, requireState } from "./enter.ts";
import { refuse } from "./events.ts";

export function ask(
  context: Context,
  parked: Run,
  run: Run,
  state: CompiledState,
  timer: RunTimer,
  input: TimerInput,
): Decision {
  if (state.poll === null) return unchanged({ outcome: "stale" });
  try {
    // A query counts itself in `attempt`, so that the schedule of the visit survives a restart.
    const query: PendingCommand = {
      ...issue(run.runId, run.version + 1, 0, state.poll.command, state.poll.project(run.data), "poll"),
      attempt: queryNumber(timer),
    };
    const asked: Run = { ...run, commands: [...run.commands, query] };
    return changed(asked, { kind: "timer", type: "poll" }, { outcome: "applied" }, context.nowMs, [query]);
  } catch (error) {
    return refuse(context, parked, input, { type: "poll" }, error);
  }
}

/** A query brought no event: the next one is due. Set only now, so that two queries are never under way together. */
export function pollAgain(
  context: Context,
  run: Run,
  query: PendingCommand,
  error: PlainError | null,
): Decision {
  const poll = requireState(context.flow, run.state).poll;
  if (poll === null) return unchanged({ outcome: "stale" });
  const nextAtMs = nextQueryAtMs(context, poll, query, error?.retryAfterMs ?? 0);
  const next = armAt(withoutCommand(run, query.id), "poll", nextAtMs, { index: query.attempt });
  return changed(
    next,
    {
      kind: "polled",
      type: query.type,
      commandId: query.id,
      nextAtMs,
      ...(error === null ? {} : { error: withoutStack(error) }),
    },
    { outcome: "applied" },
    context.nowMs,
  );
}

/** Which query of the visit a timer is for, counted from 1. */
export function queryNumber({ index = 0 }: RunTimer): number {
  return index + 1;
}

/** When the query after this one is due. */
export function nextQueryAtMs(
  { nowMs }: Context,
  poll: CompiledPoll,
  { id, attempt }: Pick<PendingCommand, "id" | "attempt">,
  waitMsMin = 0,
): number {
  return nowMs + Math.max(pollWaitMs(poll, attempt, fractionOf(id)), waitMsMin);
}

/** The wait before query number `asked` + 1, with ±10 % jitter so that runs that entered together drift apart. */
export function pollWaitMs(poll: CompiledPoll, asked: number, random: number): number {
  const plainMs = Math.min(poll.waitMsMax, poll.everyMs * poll.factor ** (asked - 1));
  return Math.round(plainMs * (0.9 + 0.2 * random));
}
