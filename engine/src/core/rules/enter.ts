/** Landing on a state: issuing its commands, setting its timers. */
import { isJsonObject } from "@sluice/contracts/envelope";
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { CompiledCommand, CompiledFlow, CompiledState, CompiledTimer } from "../compile-flow.ts";
import { describeFaults, unkeepable } from "../decision.ts";
import type { Context } from "../decision.ts";
import { engineError } from "../errors.ts";
import { FAN_OUT_MAX } from "../flow.ts";
import { copyJson } from "../json-copy.ts";
import type { PendingCommand, Run, RunTimer, TimerKind } from "../run.ts";
import { isStranded } from "./stranded.ts";

export interface Moved {
  readonly run: Run;
  readonly send: readonly PendingCommand[];
}

/** New data of the run, which is written in the flow's own code and may be anything. `what` begins the sentence about it. */
export function withData(context: Context, run: Run, given: JsonObject, what = "an update gave"): Run {
  const { copy: data, fault } = copyJson(given);
  if (fault !== null) throw engineError("FLOW_RULE_FAILED", unkeepable(`the data that ${what}`, fault));
  if (!isJsonObject(data))
    throw engineError("FLOW_RULE_FAILED", `${what} no object, expected the run's data`);
  const faults = context.flow.validateData(data);
  if (faults !== null)
    throw engineError(
      "FLOW_RULE_FAILED",
      `${what} data that breaks the flow's schema: ${describeFaults(faults)}`,
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
  const entered: Run = {
    ...run,
    state: state.name,
    businessState: state.businessState,
    outcome: state.outcome,
    commands: [],
    timers: state.outcome === null ? kept : [],
    enteredAtMs: context.nowMs,
  };
  if (state.outcome !== null) return { run: { ...entered, steps: [] }, send: [] };
  const send = issueAll(entered, state, version);
  const armed = armState({ ...entered, commands: send }, state, context.nowMs, isNewVisit);
  assertMoved(armed, state);
  return { run: armed, send };
}

/** Lists that are empty leave nothing to send, and so no answer to wait for: that is refused where the run could not go on otherwise (I3). */
function assertMoved(run: Run, state: CompiledState): void {
  if (state.send.length === 0 || state.join?.wait === "all" || !isStranded(run, state)) return;
  const types = state.send.map(({ command }) => command.type).join(", ");
  throw engineError(
    "FLOW_RULE_FAILED",
    `state ${state.name} has nothing to send ${types} for, and nothing else would move the run on; wait for all of it with a join, or set a timer`,
  );
}

/** Sets the timers of a state as for a run that entered it at `enteredMs`. */
export function armState(run: Run, state: CompiledState, enteredMs: number, isNewVisit: boolean): Run {
  let armed = run;
  state.after.forEach((timer, index) => (armed = armTimer(armed, timer, "after", enteredMs, { index })));
  if (isNewVisit) armed = armTimer(armed, state.deadline, "deadline", enteredMs);
  if (state.poll === null) return armed;
  armed = armAt(armed, "poll", enteredMs + state.poll.firstMs, { index: 0 });
  return armTimer(armed, state.poll.giveUp, "give-up", enteredMs);
}

function issueAll(run: Run, state: CompiledState, version: number): readonly PendingCommand[] {
  const issued: PendingCommand[] = [];
  for (const { command, project } of state.send) {
    for (const carried of project(run.data))
      issued.push(issue(run.runId, version, issued.length, command, carried, "do"));
  }
  if (issued.length <= FAN_OUT_MAX) return issued;
  throw engineError(
    "FLOW_RULE_FAILED",
    `state ${state.name} sends ${issued.length} commands, at most ${FAN_OUT_MAX} may be (FAN_OUT_MAX)`,
  );
}

export function issue(
  runId: string,
  version: number,
  n: number,
  command: CompiledCommand,
  carried: Json,
  purpose: "do" | "poll",
): PendingCommand {
  return {
    id: `${runId}:${version}:${n}`,
    type: command.type,
    channel: command.channel,
    data: carry(command, carried),
    attempt: 1,
    phase: "sending",
    purpose,
  };
}

/** What a command carries, if it may. */
export function carry({ type, validate }: CompiledCommand, given: Json): Json {
  const what = `the data of command ${type}`;
  const { copy: carried, fault } = copyJson(given);
  if (fault !== null) throw engineError("FLOW_RULE_FAILED", unkeepable(what, fault));
  const faults = validate(carried);
  if (faults === null) return carried;
  throw engineError("FLOW_RULE_FAILED", `${what} breaks its schema: ${describeFaults(faults)}`);
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
