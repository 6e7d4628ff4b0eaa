/**
 * The rules of a run, pure: what an input changes. No clock, no randomness, no I/O.
 *
 * D1  Each decision that changes anything adds exactly one history entry, and `version` counts the entries (invariant I1).
 * D2  An event id, an answer to a command that is not pending and a timer that is not set change nothing when they come again.
 * D3  A rule of the definition that throws changes neither state nor data: the run is parked with the input as its dead letter,
 *     and events that come later queue behind it.
 * D4  Whatever is not final afterwards waits for something: a declared event, a timer, a pending command, or an operator (I3).
 * D5  What an operator does is a decision like any other: once by its id, explained by an entry that names who and why.
 */
import type { CompiledFlow } from "./compile-flow.ts";
import { reject } from "./decision.ts";
import type { Context, Decision, KnownRun, Limits } from "./decision.ts";
import type { LaneInput } from "./inputs.ts";
import { settle } from "./rules/commands.ts";
import { receiveEvent } from "./rules/events.ts";
import { operate } from "./rules/operate.ts";
import { redrive } from "./rules/redrive.ts";
import { start, startAgain } from "./rules/start.ts";
import { fireTimer } from "./rules/timers.ts";

/** What an input does to a run. `known` is null when the run does not exist; `flow` is the version it is pinned to, or is to be migrated to. */
export function decide(
  flow: CompiledFlow,
  known: KnownRun | null,
  input: LaneInput,
  nowMs: number,
  limits: Limits,
): Decision {
  const context: Context = { flow, nowMs, limits };
  if (input.kind === "start") return known === null ? start(context, input) : startAgain(known.run, input);
  if (known === null)
    return reject("FLOW_UNKNOWN_RUN", `no run ${input.runId}, expected the id of a stored run`, {
      runId: input.runId,
    });
  switch (input.kind) {
    case "event":
      return receiveEvent(context, known, input);
    case "settled":
      return settle(context, known.run, input);
    case "timer":
      return fireTimer(context, known.run, input);
    case "operation":
      return operate(context, known, input);
    case "redrive":
      return redrive(context, known.run, input);
  }
}
