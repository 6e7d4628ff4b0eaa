/** Runs, history and lanes as the API shows them: ISO 8601 times, and nothing that is only the engine's own. */
import type { Static } from "typebox";
import type { HistoryEntry } from "../../../core/history.ts";
import type { LaneRow, PauseRow, RunRow, StateCount } from "../../../core/ports.ts";
import { activeTimers } from "../../../core/run.ts";
import type { Run, Step } from "../../../core/run.ts";
import type { CompiledFlow } from "../../../core/compile-flow.ts";
import type { FlowDefinition } from "../../../core/flow.ts";
import { toIso } from "./iso-time.ts";
import { viewPause } from "./operation-views.ts";
import type * as schemas from "./schemas.ts";

export function viewRunRow(row: RunRow): Static<typeof schemas.RunRow> {
  return {
    runId: row.runId,
    flow: row.flow,
    flowVersion: row.flowVersion,
    key: row.key,
    lane: row.lane,
    version: row.version,
    state: row.state,
    businessState: row.businessState,
    outcome: row.outcome,
    parked: row.parked,
    createdAt: toIso(row.createdAtMs),
    enteredAt: toIso(row.enteredAtMs),
    updatedAt: toIso(row.updatedAtMs),
  };
}

/** `pauses` are those that hold it back. */
export function viewRun(run: Run, pauses: readonly PauseRow[] = []): Static<typeof schemas.Run> {
  return {
    ...viewRunRow(run),
    data: run.data,
    commands: run.commands.map(({ id, type, channel, data, attempt, phase, purpose, undoes, childId }) => ({
      commandId: id,
      type,
      channel,
      data,
      attempt,
      phase,
      purpose,
      ...(undoes === undefined ? {} : { undoes }),
      ...(childId === undefined ? {} : { childRunId: childId }),
    })),
    timers: activeTimers(run).map(({ kind, dueAtMs }) => ({ kind, dueAt: toIso(dueAtMs) })),
    ...viewFamily(run),
    ...viewPauses(pauses),
  };
}

/** Left out where nothing stands still. */
function viewPauses(pauses: readonly PauseRow[]): { readonly pauses?: object[] } {
  return pauses.length === 0 ? {} : { pauses: pauses.map(viewPause) };
}

function viewFamily({ steps, compensation, parent }: Run): Partial<Static<typeof schemas.Run>> {
  return {
    ...(steps.length === 0 ? {} : { steps: steps.map(viewStep) }),
    ...(compensation === null
      ? {}
      : { compensation: { target: compensation.target, steps: compensation.steps.map(viewStep) } }),
    ...(parent === null ? {} : { parent: { runId: parent.runId, commandId: parent.commandId } }),
  };
}

function viewStep({ state, command, commandId, undo }: Step) {
  return { state, command, commandId, undo: undo.type };
}

/** Fields that the entry lacks stay undefined, and JSON leaves them out. */
export function viewHistoryEntry(entry: HistoryEntry): object {
  const { version, atMs, kind, state, type, eventId, data, commands, commandId, attempt, nextAtMs, error } =
    entry;
  const { child, letter, by, reason } = entry;
  return {
    version,
    at: toIso(atMs),
    kind,
    state,
    type,
    eventId,
    data,
    commands: commands?.map((command) => ({ commandId: command.id, type: command.type })),
    commandId,
    attempt,
    nextAt: nextAtMs === undefined ? undefined : toIso(nextAtMs),
    error: error === undefined ? undefined : { code: error.code, kind: error.kind, message: error.message },
    childRunId: child,
    letter,
    by,
    reason,
  };
}

export function viewLane(lane: LaneRow): Static<typeof schemas.Lane> {
  const { laneId, ownerId, ownerAddress, epoch, leaseMs, batchNumber, outboxPosition, publishedPosition } =
    lane;
  return {
    laneId,
    ownerId,
    ownerAddress,
    epoch,
    leaseMs,
    batchNumber,
    outboxPosition,
    publishedPosition,
    outboxLag: outboxPosition - publishedPosition,
    projectedAt: toIso(lane.projectedAtMs),
  };
}

/** `counts` of all flows; those of others are passed over. */
export function viewFlowRow(
  flow: CompiledFlow,
  versions: readonly number[],
  counts: readonly StateCount[],
  pauses: readonly PauseRow[],
): Static<typeof schemas.FlowRow> {
  const own = counts.filter((count) => count.flow === flow.name);
  return {
    name: flow.name,
    version: flow.version,
    versions: [...versions],
    description: flow.definition.description ?? null,
    initial: flow.initial,
    states: Object.keys(flow.definition.states).length,
    runs: own.reduce((sum, { runs }) => sum + runs, 0),
    parked: own.reduce((sum, { parked }) => sum + parked, 0),
    ...viewPauses(pauses),
  };
}

export function viewFlow(
  definition: FlowDefinition,
  versions: readonly number[],
  counts: readonly StateCount[],
  pauses: readonly PauseRow[],
): Static<typeof schemas.Flow> {
  return {
    name: definition.name,
    version: definition.version,
    versions: [...versions],
    description: definition.description ?? null,
    definition: withFunctionsAsText(definition),
    counts: counts.map(({ flowVersion, state, runs, parked }) => ({ flowVersion, state, runs, parked })),
    ...viewPauses(pauses),
  };
}

/** JSON has no functions; they are shown by their source, as they are stored. */
function withFunctionsAsText(definition: object): unknown {
  return JSON.parse(
    JSON.stringify(definition, (_key, value: unknown) =>
      typeof value === "function" ? { $function: value.toString() } : value,
    ),
  );
}
