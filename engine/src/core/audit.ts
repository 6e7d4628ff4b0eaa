/**
 * The check of the invariants over stored rows, pure: a store streams its rows through it, so that all stores are held to the same rules.
 * I2 and I5 need the participants and the owners' word and are not visible here; a broken fence shows itself as I1.
 */
import type { AuditFinding, LanePosition, RunRow, StateCount, TimerRow } from "./ports.ts";
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

/** Whether the search projection shows the run as it is. Holds when nothing moves. */
export function auditProjected(run: Run, row: RunRow | null): AuditFinding | null {
  if (row === null)
    return { invariant: "I4", runId: run.runId, message: "the run is not in the search projection" };
  const expected = toRunRow(run);
  const wrong = (Object.keys(expected) as (keyof RunRow)[]).filter((name) => expected[name] !== row[name]);
  if (wrong.length === 0) return null;
  const message = `the search projection is wrong in ${wrong.join(", ")}`;
  return { invariant: "I4", runId: run.runId, message };
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
