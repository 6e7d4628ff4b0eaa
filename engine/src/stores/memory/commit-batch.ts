import { engineError } from "../../core/errors.ts";
import { assertFenced } from "../../core/fence.ts";
import type { BatchWrites, DeadLetterRow, LaneStep, OutboxRow, TimerRow } from "../../core/ports.ts";
import type { MemoryDatabase, MemoryLane } from "./memory-database.ts";
import type { ValueChanges } from "./memory-transaction.ts";
import { inboxTexts, keepInInbox } from "./queues.ts";
import { copyRow, toStoredRun } from "./stored-run.ts";

/**
 * Applies all of a batch, or throws before it has changed anything.
 * @throws FLOW_LANE_LOST (conflict) when a lane has another epoch or batch number
 */
export function commitBatch(database: MemoryDatabase, writes: BatchWrites, changes: ValueChanges): void {
  assertFenced(writes);
  const steps = matchLanes(database, writes.lanes);
  // Whatever cannot be put into JSON throws here, before the first change.
  const runs = writes.runs.map((run) => [run.runId, toStoredRun(run, writes.atMs)] as const);
  const history = writes.history.map(
    ({ runId, entries }) => [runId, entries.map((entry) => JSON.stringify(entry))] as const,
  );
  const deadLetters = writes.deadLetters.map((row) => [deadLetterKey(row), JSON.stringify(row)] as const);
  const inbox = inboxTexts(writes.inboxAdded);

  for (const [runId, run] of runs) database.runs.set(runId, run);
  for (const [runId, entries] of history)
    database.history.set(runId, [...(database.history.get(runId) ?? []), ...entries]);
  for (const row of writes.deadLettersTaken) database.deadLetters.delete(deadLetterKey(row));
  for (const [key, text] of deadLetters) database.deadLetters.set(key, text);
  for (const row of writes.timersCleared) database.timers.delete(timerKey(row));
  for (const row of writes.timersSet) database.timers.set(timerKey(row), copyRow(row));
  for (const inboxId of writes.inboxTaken) database.inbox.delete(inboxId);
  keepInInbox(database, inbox);
  for (const [key, text] of changes) {
    if (text === null) database.values.delete(key);
    else database.values.set(key, text);
  }
  for (const [lane, step] of steps) moveLane(database, lane, step, writes.outbox);
}

function matchLanes(
  database: MemoryDatabase,
  steps: readonly LaneStep[],
): (readonly [MemoryLane, LaneStep])[] {
  const matched: (readonly [MemoryLane, LaneStep])[] = [];
  const lost: number[] = [];
  for (const step of steps) {
    const lane = database.lanes[step.laneId];
    if (lane !== undefined && lane.epoch === step.epoch && lane.batchNumber === step.batchNumber)
      matched.push([lane, step]);
    else lost.push(step.laneId);
  }
  if (lost.length > 0) {
    throw engineError(
      "FLOW_LANE_LOST",
      `lanes ${lost.join(", ")} have another owner or have moved on; nothing was written`,
      { fields: { lanes: lost } },
    );
  }
  return matched;
}

function moveLane(
  database: MemoryDatabase,
  lane: MemoryLane,
  step: LaneStep,
  outbox: readonly OutboxRow[],
): void {
  lane.batchNumber += 1;
  lane.outboxPosition = step.outboxPosition;
  lane.publishedPosition = step.publishedPosition;
  const added = outbox.filter(({ lane: laneId }) => laneId === lane.laneId).map(copyRow);
  const rows = [...(database.outbox.get(lane.laneId) ?? []), ...added];
  database.outbox.set(
    lane.laneId,
    rows.filter(({ position }) => position > lane.publishedPosition),
  );
}

function timerKey({ runId, number }: Pick<TimerRow, "runId" | "number">): string {
  return `${runId}:${number}`;
}

function deadLetterKey({ runId, version }: Pick<DeadLetterRow, "runId" | "version">): string {
  return `${runId}:${version}`;
}
