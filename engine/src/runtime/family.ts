/**
 * Runs that start runs.
 * F1  A child lives in its parent's lane: its start, its end and what the end means to the parent are one transaction each, and no
 *     message between them can be lost or come twice.
 * F2  A child's id follows from the command that started it, so that a command sent again meets the same child.
 * F3  A child whose parent stopped waiting for it is canceled with compensation, unless the command says that it goes on.
 */
import { isJsonObject } from "@sluice/contracts/envelope";
import type { CompiledFlow } from "../core/compile-flow.ts";
import { ENGINE_ERRORS } from "../core/errors.ts";
import type { EngineErrorCode, PlainError } from "../core/errors.ts";
import { FLOW_CHANNEL } from "../core/flow.ts";
import type { LaneInput, Settlement } from "../core/inputs.ts";
import { laneOf } from "../core/lane.ts";
import type { PendingCommand, Run } from "../core/run.ts";
import type { BatchWork, DueCommand } from "./batch-work.ts";
import { nameId } from "./clock.ts";

/** Generations below a run that nobody's command started. Flows that start each other in a circle end here. */
export const CHILD_DEPTH_MAX = 16;

/** Who ends a child that is not waited for any more, as its history names it. */
const BY_ENGINE = "sluice";

/** The id of the run that a command starts: the first of its names that falls into the parent's lane. */
export function childRunId(commandId: string, lane: number, lanes: number): string {
  for (let nth = 0; ; nth++) {
    const runId = nameId(`child\n${commandId}\n${nth}`);
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
  });
  return answer.outcome === "rejected"
    ? failed("FLOW_CHILD_REFUSED", answer.error.message)
    : { type: "delivered" };
}

function failed(code: EngineErrorCode, message: string): Settlement {
  const row = ENGINE_ERRORS[code];
  const error: PlainError = { code, kind: typeof row === "string" ? row : row.kind, message };
  return { type: "failed", error };
}

/** What a change of one run means to its parent and its children. */
export function familyInputs(
  flow: CompiledFlow,
  before: Run | null,
  run: Run,
  input: LaneInput,
  lanes: number,
): LaneInput[] {
  const inputs: LaneInput[] = [];
  if (run.parent !== null && run.outcome !== null && before?.outcome == null) {
    const { runId, commandId } = run.parent;
    const settlement: Settlement = { type: "ended", outcome: run.outcome, data: run.data };
    inputs.push({ kind: "settled", runId, commandId, attempt: 1, settlement });
  }
  for (const command of before?.commands ?? [])
    if (isLeftChild(flow, command, run, input)) inputs.push(cancelChild(command, run.lane, lanes));
  return inputs;
}

function isLeftChild(flow: CompiledFlow, command: PendingCommand, run: Run, input: LaneInput): boolean {
  if (command.channel !== FLOW_CHANNEL || run.commands.some(({ id }) => id === command.id)) return false;
  if (input.kind === "settled" && input.commandId === command.id) return false;
  return flow.commands.get(command.type)?.child?.isCanceledWhenLeft !== false;
}

function cancelChild({ id }: PendingCommand, lane: number, lanes: number): LaneInput {
  return {
    kind: "operation",
    runId: childRunId(id, lane, lanes),
    id: `left:${id}`,
    operation: { type: "cancel", compensate: true },
    by: BY_ENGINE,
    reason: "its parent does not wait for it any more",
  };
}
