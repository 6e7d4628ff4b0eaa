/**
 * Runs that start runs.
 * F1  A child lives in its parent's lane: its start, its end and what the end means to the parent are one transaction each, and no
 *     message between them can be lost or come twice.
 * F2  A child's id follows from the command that started it, so that a command sent again meets the same child.
 *     Where this engine does not serve the version of the other one, what it means is kept in the lane's inbox by that transaction.
 * F3  A child whose parent stopped waiting for it is canceled with compensation, unless the command says that it goes on.
 */
import { isJsonObject } from "@sluice/contracts/envelope";
import type { CompiledFlow } from "../core/compile-flow.ts";
import { plain } from "../core/decision.ts";
import { kindOfCode } from "../core/errors.ts";
import type { EngineErrorCode } from "../core/errors.ts";
import { FLOW_CHANNEL } from "../core/flow.ts";
import { childEndInboxId } from "../core/inputs.ts";
import type { LaneInput, OperationInput, SettledInput, Settlement } from "../core/inputs.ts";
import { laneOf } from "../core/lane.ts";
import type { PendingCommand, Run } from "../core/run.ts";
import type { BatchWork, DueCommand } from "./batch-work.ts";
import { nameId } from "./clock.ts";

/** Generations below a run that nobody's command started. Flows that start each other in a circle end here. */
export const CHILD_DEPTH_MAX = 16;

/** Who ends a child that is not waited for any more, as its history names it. */
const BY_ENGINE = "sluice";

/** The last digits of a child's id are chosen so that it falls into its parent's lane: enough of them for any number of lanes. */
const CHOSEN_DIGITS = 6;

/** The id of the run that a command starts: the first of its names that falls into the parent's lane. */
export function childRunId(commandId: string, lane: number, lanes: number): string {
  const name = nameId(`child\n${commandId}`).slice(0, -CHOSEN_DIGITS);
  for (let nth = 0; ; nth++) {
    const runId = name + nth.toString(16).padStart(CHOSEN_DIGITS, "0");
    if (laneOf(runId, lanes) === lane) return runId;
  }
}

/** Starts the child of a command within the batch. The run with the child's id must be held. */
export function startChild(work: BatchWork, due: DueCommand, childId: string): Settlement {
  const { command, runId, lane } = due;
  const name = due.flow.commands.get(command.type)?.child?.flow ?? "";
  const flow = work.newestFlow(name);
  const depth = (work.runOf(runId)?.parent?.depth ?? 0) + 1;
  if (flow === undefined)
    return failed(
      "FLOW_UNKNOWN_FLOW",
      `command ${command.type} starts flow ${name}, which is not served here`,
    );
  if (depth > CHILD_DEPTH_MAX)
    return failed(
      "FLOW_CHILD_REFUSED",
      `the run has ${depth - 1} runs above it, at most ${CHILD_DEPTH_MAX - 1} may be`,
    );
  if (!isJsonObject(command.data))
    return failed(
      "FLOW_CHILD_REFUSED",
      `command ${command.type} carries no object, expected the data of a run of ${name}`,
    );
  const trace = work.runOf(runId)?.trace;
  const answer = work.apply({
    kind: "start",
    runId: childId,
    flow: name,
    flowVersion: flow.version,
    key: null,
    startId: command.id,
    lane,
    data: command.data,
    parent: { runId, commandId: command.id, depth },
    ...(trace === undefined ? {} : { trace }),
  });
  if (answer.outcome === "rejected") return failed("FLOW_CHILD_REFUSED", answer.error.message);
  const child = work.runOf(childId);
  // One that has ended before has told its parent, which asks again.
  const isOver = answer.outcome === "existing" && child !== null && child.outcome !== null;
  return isOver ? endOf(child.outcome, child) : { type: "delivered", childId };
}

function endOf(outcome: string, { data }: Run): Settlement {
  return { type: "ended", outcome, data };
}

function failed(code: EngineErrorCode, message: string): Settlement {
  return { type: "failed", error: plain(code, kindOfCode(code), message) };
}

/** What one run means to another: the end of a child to its parent, or the end of the wait to a child. */
export type FamilyInput = SettledInput | OperationInput;

/** One of each kind for each command, so that the same is not kept twice. */
export function inboxIdOf(input: FamilyInput): string {
  return input.kind === "settled" ? childEndInboxId(input.commandId) : input.id;
}

/** What a change of one run means to its parent and its children. `flow` is the version that had sent its commands. */
export function familyInputs(
  flow: CompiledFlow,
  before: Run | null,
  run: Run,
  input: LaneInput,
  lanes: number,
): FamilyInput[] {
  const inputs: FamilyInput[] = [];
  if (run.parent !== null && run.outcome !== null && before?.outcome == null) {
    const { runId, commandId } = run.parent;
    const settlement = endOf(run.outcome, run);
    inputs.push({ kind: "settled", runId, commandId, attempt: 1, settlement });
  }
  for (const command of leftChildren(before, run, input)) {
    const isKept = flow.commands.get(command.type)?.child?.isCanceledWhenLeft === false;
    if (!isKept) inputs.push(cancelChild(command, run.lane, lanes));
  }
  return inputs;
}

/** Commands of child flows that the run waited for before and does not any more, but for the one that this input is about. */
function leftChildren(before: Run | null, run: Run, input: LaneInput): readonly PendingCommand[] {
  const children = before?.commands.filter(({ channel }) => channel === FLOW_CHANNEL) ?? [];
  if (children.length === 0) return children;
  const cause = input.kind === "redrive" ? input.input : input;
  const settled = cause.kind === "settled" ? cause.commandId : null;
  const waitedFor = new Set(run.commands.map(({ id }) => id));
  return children.filter(({ id }) => id !== settled && !waitedFor.has(id));
}

function cancelChild({ id, childId }: PendingCommand, lane: number, lanes: number): OperationInput {
  return {
    kind: "operation",
    runId: childId ?? childRunId(id, lane, lanes),
    id: `left:${id}`,
    operation: { type: "cancel", compensate: true },
    by: BY_ENGINE,
    reason: "its parent does not wait for it any more",
  };
}
