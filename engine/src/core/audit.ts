/**
 * The check of the invariants over stored rows, pure: a store streams its rows through it, so that all stores are held to the same rules.
 * I2 and I5 need the participants and the owners' word and are not visible here; a broken fence shows itself as I1.
 */
import type { AuditFinding, AuditScope, LanePosition, RunRow, StateCount, TimerRow } from "./ports.ts";
import { namedRunId } from "./run-name.ts";
import { toRunRow } from "./run-row.ts";
import { activeTimers } from "./run.ts";
import type { Run, RunTimer } from "./run.ts";

/** An audit ends at this many findings: by then it is clear that something is wrong, and a list without end helps nobody. */
export const FINDINGS_MAX = 1_000;

/** A timer's row from the other side: `run` is the run it names, null when there is none. */
export function auditTimerRow(row: TimerRow, run: TimerOwner | null): AuditFinding | null {
  const timers = run === null ? [] : activeTimers(run);
  if (timers.some((timer) => isTimerOf(row, timer))) return null;
  return {
    invariant: "I3",
    runId: row.runId,
    message: `a row stands for timer ${row.number} (${row.kind} at ${row.dueAtMs}), which is not set`,
  };
}

type TimerOwner = Pick<Run, "outcome" | "parked" | "compensation" | "timers">;

/** Whether a row is this timer's. */
export function isTimerOf(row: TimerRow, timer: RunTimer): boolean {
  return row.number === timer.number && row.dueAtMs === timer.dueAtMs && row.kind === timer.kind;
}

/** Rows of a run that does not exist: something wrote one and not the other. */
export function auditOrphan(
  runId: string,
  what: "history" | "a dead letter" | "a row of the search projection",
): AuditFinding {
  return { invariant: "I1", runId, message: `there is ${what} of this run, and no run` };
}

/** Two rows of one run: its start was taken in twice. */
export function auditTwin(runId: string): AuditFinding {
  return { invariant: "I6", runId, message: "the run is stored twice, with different births" };
}

/** What must hold of a lane's queues when nothing moves. */
export interface LaneQueues {
  readonly inbox: number;
  /** Rows above the published position. */
  readonly unpublished: number;
  /** Highest position of a stored outbox row; null when none is stored. */
  readonly newestPosition: number | null;
}

export function auditLane(lane: LanePosition, queues: LaneQueues, quiet: boolean): readonly AuditFinding[] {
  const findings: AuditFinding[] = [];
  const find = (message: string) =>
    findings.push({ invariant: "I4", runId: null, message: `lane ${lane.laneId}: ${message}` });
  const fault = countFault(lane);
  if (fault !== null) find(`${fault}; restore the row from a backup`);
  if (lane.publishedPosition > lane.outboxPosition) {
    find(`published up to ${lane.publishedPosition}, and the outbox ends at ${lane.outboxPosition}`);
  }
  if (queues.newestPosition !== null && queues.newestPosition > lane.outboxPosition) {
    find(
      `an outbox row has position ${queues.newestPosition}, and the outbox ends at ${lane.outboxPosition}`,
    );
  }
  const expected = lane.outboxPosition - lane.publishedPosition;
  if (queues.unpublished !== Math.max(0, expected)) {
    find(`${expected} outbox rows are unsettled by the positions, and ${queues.unpublished} are stored`);
  }
  if (quiet && expected > 0) find(`${expected} outbox rows are not settled`);
  if (quiet && queues.inbox > 0) find(`${queues.inbox} inbox rows were not taken in`);
  return findings;
}

/** What no lane can have counted. Every batch raises the batch number, and nobody writes a batch before he has claimed the lane. */
function countFault(lane: LanePosition): string | null {
  const { epoch, batchNumber, outboxPosition, publishedPosition } = lane;
  for (const [name, count] of Object.entries({ epoch, batchNumber, outboxPosition, publishedPosition })) {
    if (!Number.isSafeInteger(count) || count < 0)
      return `${name} is ${count}, expected a whole number from 0`;
  }
  if (epoch === 0 && batchNumber > 0) return `batch ${batchNumber} is written, and nobody has owned the lane`;
  if (batchNumber === 0 && outboxPosition > 0)
    return `no batch is written, and the outbox ends at ${outboxPosition}`;
  return null;
}

/** The lanes of a deployment that have no row. Nobody can own such a lane, so its runs stand still. */
export function auditMissingLanes(laneIds: readonly number[], lanes: number): readonly AuditFinding[] {
  const stored = new Set(laneIds);
  const missing = Array.from({ length: lanes }, (_, laneId) => laneId).filter(
    (laneId) => !stored.has(laneId),
  );
  return missing.map((laneId) => ({
    invariant: "I4",
    runId: null,
    message: `lane ${laneId} has no row, expected one of each of ${lanes} lanes in lanes and lane_projections; restore it from a backup, nobody can own the lane`,
  }));
}

/**
 * Whether the search projection shows the run as it is. While runs move it may lag: a run that is not in it yet, or is there at an older
 * version, is a fault only in quiet. What it shows of the run's own version is right at any time, and no newer one can be there.
 */
export function auditProjected(run: Run, row: RunRow | null, quiet: boolean): AuditFinding | null {
  if (!quiet && (row === null || row.version < run.version)) return null;
  if (row === null)
    return { invariant: "I4", runId: run.runId, message: "the run is not in the search projection" };
  const expected = toRunRow(run);
  const wrong = (Object.keys(expected) as (keyof RunRow)[]).filter((name) => expected[name] !== row[name]);
  if (wrong.length === 0) return null;
  const message = `runs and run_search differ in ${wrong.join(", ")}: one of them was changed; correct that one`;
  return { invariant: "I4", runId: run.runId, message };
}

/** Whether the id of a run is the one that its flow and its key, or the id of its start, give it. Ids of children have another maker. */
export function auditName(run: Run, nameId: AuditScope["nameId"]): AuditFinding | null {
  if (nameId === undefined || (run.parent !== null && run.key === null)) return null;
  const { flow, key, runId } = run;
  const expected = namedRunId(run, nameId);
  if (expected === null ? !isNamed(runId) : expected === runId) return null;
  const name = key === null ? "no key" : `key ${JSON.stringify(key)}`;
  const message = `the id of the run is not that of flow ${flow} and ${name}, so a repeat of its start would start another; correct flow, key or the startId in control`;
  return { invariant: "I6", runId, message };
}

/** Whether an id was made from a name: a UUID of version 8. */
function isNamed(runId: string): boolean {
  return runId[14] === "8";
}

/** Counts runs by state, for a store that cannot do so itself. */
export function countRows(rows: Iterable<RunRow>): readonly StateCount[] {
  const counts = new Map<string, { -readonly [K in keyof StateCount]: StateCount[K] }>();
  for (const { flow, flowVersion, state, parked } of rows) {
    const key = keyOf({ flow, flowVersion, state });
    const count = counts.get(key) ?? { flow, flowVersion, state, runs: 0, parked: 0 };
    count.runs += 1;
    count.parked += parked === null ? 0 : 1;
    counts.set(key, count);
  }
  return [...counts.values()];
}

/** Whether the counters by state are what a count of the projection gives. */
export function auditCounts(
  counted: readonly StateCount[],
  stored: readonly StateCount[],
): readonly AuditFinding[] {
  const differing = new Map(counted.map((count) => [keyOf(count), count]));
  for (const count of stored) {
    const other = differing.get(keyOf(count));
    const isEqual = (other?.runs ?? 0) === count.runs && (other?.parked ?? 0) === count.parked;
    if (isEqual) differing.delete(keyOf(count));
    else differing.set(keyOf(count), count);
  }
  return [...differing.values()].map(({ flow, flowVersion, state }) => ({
    invariant: "I4",
    runId: null,
    message: `the counters of flow ${flow} version ${flowVersion}, state ${state}, differ from the search projection`,
  }));
}

function keyOf({ flow, flowVersion, state }: Pick<StateCount, "flow" | "flowVersion" | "state">): string {
  return JSON.stringify([flow, flowVersion, state]);
}
