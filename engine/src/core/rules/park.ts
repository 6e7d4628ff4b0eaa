/** Setting a run aside, and keeping what comes after it in order. */
import { changed, withoutStack } from "../decision.ts";
import type { Context, Decision } from "../decision.ts";
import type { PlainError } from "../errors.ts";
import type { HistoryEntry } from "../history.ts";
import type { LaneInput } from "../inputs.ts";
import type { DeadLetterRow } from "../ports.ts";
import type { ParkReason, Run } from "../run.ts";

/** What an entry tells of the input that made it. */
export type Trace = Partial<
  Pick<HistoryEntry, "type" | "eventId" | "digest" | "data" | "commandId" | "attempt" | "by" | "reason">
>;

export function park(
  context: Context,
  run: Run,
  input: LaneInput,
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

export function queueBehind(context: Context, run: Run, input: LaneInput, trace: Trace): Decision {
  const decision = changed(run, { ...trace, kind: "queued" }, { outcome: "queued" }, context.nowMs);
  return { ...decision, deadLetter: deadLetter(context, run, input, null, null) };
}

function deadLetter(
  context: Context,
  run: Run,
  input: LaneInput,
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
