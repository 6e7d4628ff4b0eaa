/** Moving a run: following a transition, landing on a state, issuing its commands, setting its timers. */
import { isJsonObject } from "@sluice/contracts/envelope";
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type {
  CompiledFlow,
  CompiledSend,
  CompiledState,
  CompiledTimer,
  CompiledTransition,
} from "../compile-flow.ts";
import { describeFaults, unkeepable } from "../decision.ts";
import type { Context } from "../decision.ts";
import { engineError } from "../errors.ts";
import { copyJson } from "../json-copy.ts";
import type { PendingCommand, Run, RunTimer, TimerKind } from "../run.ts";

export interface Moved {
  readonly run: Run;
  readonly send: readonly PendingCommand[];
}

export function follow(
  context: Context,
  run: Run,
  from: CompiledState,
  transition: CompiledTransition,
  event: Json,
): Moved {
  const updated =
    transition.update === null ? run : withData(context, run, transition.update({ data: run.data, event }));
  if (transition.target === null) return { run: updated, send: [] };
  const target = requireState(context.flow, transition.target);
  return enter(context, updated, target, run.version + 1, target !== from);
}

/** The data an update gave, which is written in the flow's own code and may be anything. */
function withData(context: Context, run: Run, given: JsonObject): Run {
  const { copy: data, fault } = copyJson(given);
  if (fault !== null)
    throw engineError("FLOW_RULE_FAILED", unkeepable("the data that an update gave", fault));
  if (!isJsonObject(data))
    throw engineError("FLOW_RULE_FAILED", "an update gave no object, expected the run's data");
  const faults = context.flow.validateData(data);
  if (faults !== null)
    throw engineError(
      "FLOW_RULE_FAILED",
      `an update gave data that breaks the flow's schema: ${describeFaults(faults)}`,
    );
  const dataText = JSON.stringify(data);
  const bytes = bytesAbove(context.limits.dataBytesMax, dataText);
  if (bytes !== null) throw engineError("FLOW_DATA_TOO_LARGE", tooLarge(bytes, context.limits.dataBytesMax));
  return { ...run, data, dataText };
}

/**
 * Lands on a state: what the former state had pending is withdrawn, its commands are issued and its timers set.
 * A self-transition (`isNewVisit` false) keeps the deadline, which limits the whole visit.
 */
export function enter(
  context: Context,
  run: Run,
  state: CompiledState,
  version: number,
  isNewVisit: boolean,
): Moved {
  const kept = run.timers.filter(
    (timer) => timer.kind === "flow-deadline" || (timer.kind === "deadline" && !isNewVisit),
  );
  let entered: Run = {
    ...run,
    state: state.name,
    businessState: state.businessState,
    outcome: state.outcome,
    commands: [],
    timers: state.outcome === null ? kept : [],
    enteredAtMs: context.nowMs,
  };
  if (state.outcome !== null) return { run: entered, send: [] };
  const send = state.send.map((sent, n) => issue(run.runId, version, n, sent, run.data, "do"));
  entered = { ...entered, commands: send };
  state.after.forEach(
    (timer, index) => (entered = armTimer(entered, timer, "after", context.nowMs, { index })),
  );
  if (isNewVisit) entered = armTimer(entered, state.deadline, "deadline", context.nowMs);
  if (state.poll !== null) {
    entered = armAt(entered, "poll", context.nowMs + state.poll.firstMs, { index: 0 });
    entered = armTimer(entered, state.poll.giveUp, "give-up", context.nowMs);
  }
  return { run: entered, send };
}

export function issue(
  runId: string,
  version: number,
  n: number,
  sent: CompiledSend,
  data: JsonObject,
  purpose: "do" | "poll",
): PendingCommand {
  const what = `the data of command ${sent.command.type}`;
  const { copy: carried, fault } = copyJson(sent.project(data));
  if (fault !== null) throw engineError("FLOW_RULE_FAILED", unkeepable(what, fault));
  const faults = sent.command.validate(carried);
  if (faults !== null) {
    throw engineError("FLOW_RULE_FAILED", `${what} breaks its schema: ${describeFaults(faults)}`);
  }
  return {
    id: `${runId}:${version}:${n}`,
    type: sent.command.type,
    channel: sent.command.channel,
    data: carried,
    attempt: 1,
    phase: "sending",
    purpose,
  };
}

export function armTimer(
  run: Run,
  timer: CompiledTimer | null,
  kind: TimerKind,
  nowMs: number,
  extra: Pick<RunTimer, "index"> = {},
): Run {
  return timer === null ? run : armAt(run, kind, nowMs + timer.delayMs, extra);
}

export function armAt(
  run: Run,
  kind: TimerKind,
  dueAtMs: number,
  extra: Pick<RunTimer, "index" | "commandId"> = {},
): Run {
  const number = run.timerCount + 1;
  return { ...run, timerCount: number, timers: [...run.timers, { number, kind, dueAtMs, ...extra }] };
}

export function requireState(flow: CompiledFlow, name: string): CompiledState {
  const state = flow.states.get(name);
  if (state === undefined) {
    throw engineError(
      "FLOW_UNEXPECTED",
      `flow ${flow.name} version ${flow.version} has no state ${name}; deploy the version the run is pinned to`,
    );
  }
  return state;
}

export function tooLarge(bytes: number, bytesMax: number): string {
  return `the run's data has ${bytes} bytes as JSON, at most ${bytesMax} are kept (dataBytesMax); keep large things elsewhere and store their ids`;
}

/** Bytes of a text in UTF-8, or null when they are within the limit. A text far below it is not counted. */
export function bytesAbove(bytesMax: number, text: string): number | null {
  if (3 * text.length <= bytesMax) return null;
  const bytes = encoder.encode(text).length;
  return bytes > bytesMax ? bytes : null;
}

const encoder = new TextEncoder();
