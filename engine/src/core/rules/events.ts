import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { CompiledState, CompiledTransition } from "../compile-flow.ts";
import { changed, reject, rejectFaults, rejectUnkeepable, unchanged } from "../decision.ts";
import type { Context, Decision, KnownRun } from "../decision.ts";
import { bodyDigest, isBodyDigest } from "../digest.ts";
import { toPlainError } from "../errors.ts";
import type { HistoryKind } from "../history.ts";
import type { EventInput, LaneInput } from "../inputs.ts";
import { copyJson } from "../json-copy.ts";
import type { Run } from "../run.ts";
import { follow, requireState } from "./enter.ts";
import { park, queueBehind } from "./park.ts";
import type { Trace } from "./park.ts";

export function receiveEvent(context: Context, known: KnownRun, input: EventInput): Decision {
  const { copy: data, fault } = copyJson(input.data);
  if (fault !== null) return rejectUnkeepable("FLOW_BAD_EVENT", `the data of event ${input.type}`, fault);
  return receive(context, known, { ...input, data });
}

function receive(context: Context, known: KnownRun, input: EventInput): Decision {
  const { run } = known;
  const before = known.seen.get(input.id);
  if (before !== undefined) {
    if (isBodyDigest(before.digest, input.data, input.type))
      return unchanged({ outcome: before.outcome, version: before.version, isRepeat: true });
    return reject(
      "FLOW_IDEMPOTENCY_CONFLICT",
      `event id ${input.id} came before with another type or data; use a new id for a new event`,
      {
        runId: run.runId,
      },
    );
  }
  const rejection = rejectEvent(context, run, input);
  if (rejection !== null) return rejection;
  const digest = bodyDigest(input.data, input.type);
  const trace = { type: input.type, eventId: input.id, digest, data: input.data };
  if (run.parked !== null) return queueBehind(context, run, input, trace);
  return takeEvent(context, run, input, input.type, input.data, trace);
}

function rejectEvent(context: Context, run: Run, input: EventInput): Decision | null {
  if (run.version >= context.limits.entriesMax) {
    return reject(
      "FLOW_HISTORY_FULL",
      `the run has ${run.version} history entries, at most ${context.limits.entriesMax} are kept; start a new run`,
    );
  }
  const validate = context.flow.events.get(input.type);
  if (validate === undefined) {
    const declared = [...context.flow.events.keys()].join(", ");
    return reject(
      "FLOW_UNKNOWN_EVENT",
      `flow ${context.flow.name} declares no event ${input.type}, expected one of: ${declared}`,
    );
  }
  const faults = validate(input.data);
  return faults === null ? null : rejectFaults("FLOW_BAD_EVENT", `the data of event ${input.type}`, faults);
}

/** Takes an event that is neither a repeat nor refused: the first transition with a true guard, or an unexpected event. */
export function takeEvent(
  context: Context,
  run: Run,
  input: LaneInput,
  type: string,
  data: Json,
  trace: Trace,
): Decision {
  const state = requireState(context.flow, run.state);
  const kind: HistoryKind = input.kind === "timer" ? "timer" : "event";
  try {
    const transition = findTransition(state, type, run.data, data);
    if (transition === null) {
      return changed(run, { ...trace, kind: "unexpected" }, { outcome: "unexpected" }, context.nowMs);
    }
    const moved = follow(context, run, state, transition, data);
    return changed(moved.run, { ...trace, kind }, { outcome: "applied" }, context.nowMs, moved.send);
  } catch (error) {
    return refuse(context, run, input, trace, error);
  }
}

/** A rule threw, or its result cannot be stored: a caller is told when its own event is too large; all else parks the run. */
export function refuse(context: Context, run: Run, input: LaneInput, trace: Trace, error: unknown): Decision {
  const fault = toPlainError(error, "FLOW_RULE_FAILED");
  if (fault.code !== "FLOW_DATA_TOO_LARGE") return park(context, run, input, trace, "rule-failed", fault);
  if (input.kind === "event") return reject("FLOW_DATA_TOO_LARGE", fault.message);
  return park(context, run, input, trace, "data-too-large", fault);
}

function findTransition(
  state: CompiledState,
  type: string,
  data: JsonObject,
  event: Json,
): CompiledTransition | null {
  for (const transition of state.on.get(type) ?? []) {
    if (transition.guard === null || transition.guard({ data, event })) return transition;
  }
  return null;
}
