/** Setting a run aside, and keeping what comes after it in order. */
import { changed, withoutStack } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import type { PlainError } from "../errors.ts";
import type { HistoryEntry } from "../history.ts";
import type { LetterInput } from "../inputs.ts";
import type { DeadLetterRow } from "../ports.ts";
import { withCommand, withoutTimersOf } from "../run.ts";
import type { ParkReason, PendingCommand, Run } from "../run.ts";

/** What an entry tells of the input that made it. */
export type Trace = Partial<
  Pick<HistoryEntry, "type" | "eventId" | "digest" | "data" | "commandId" | "attempt" | "by" | "reason">
>;

export function park(
  context: Context,
  run: Run,
  input: LetterInput,
  trace: Trace,
  reason: ParkReason,
  error: PlainError,
): Decision {
  const parked: Run = { ...run, parked: reason };
  const decision = changed(
    parked,
    { ...trace, kind: "parked", error: withoutStack(error) },
    { outcome: "parked" },
    context.nowMs,
  );
  return { ...decision, deadLetter: deadLetter(context, parked, input, reason, error) };
}

export function queueBehind(context: Context, run: Run, input: LetterInput, trace: Trace): Decision {
  const decision = changed(run, { ...trace, kind: "queued" }, { outcome: "queued" }, context.nowMs);
  return { ...decision, deadLetter: deadLetter(context, run, input, null, null) };
}

/**
 * A command whose outcome is kept in a dead letter is not sent again. A takeover brings outbox rows a second time, and while its run is
 * parked nothing else would say that this one is settled: a transactional command would take effect once more.
 */
export function asSent(run: Run, command: PendingCommand): Run {
  return withCommand(withoutTimersOf(run, command.id), { ...command, phase: "delivered" });
}

function deadLetter(
  context: Context,
  run: Run,
  input: LetterInput,
  reason: ParkReason | null,
  error: PlainError | null,
): DeadLetterRow {
  return {
    runId: run.runId,
    lane: run.lane,
    version: run.version + 1,
    reason,
    state: run.state,
    input,
    error,
    atMs: context.nowMs,
  };
}
