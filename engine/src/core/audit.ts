/**
 * The check of the invariants over stored rows, pure: a store streams its rows through it, so that all stores are held to the same rules.
 * I2 and I5 need the participants and the owners' word and are not visible here; a broken fence shows itself as I1.
 */
import { COMPENSATING } from "./flow.ts";
import type { HistoryEntry } from "./history.ts";
import { childEndInboxId } from "./inputs.ts";
import type { AuditFinding, DeadLetterRow, LanePosition, RunRow, StateCount, TimerRow } from "./ports.ts";
import { toRunRow } from "./run-row.ts";
import { activeTimers } from "./run.ts";
import { seenBy } from "./seen.ts";
import type { PendingCommand, Run, RunTimer } from "./run.ts";

/** An audit ends at this many findings: by then it is clear that something is wrong, and a list without end helps nobody. */
export const FINDINGS_MAX = 1_000;

/** What is stored beside a run and its history. */
export interface RunSurroundings {
  readonly deadLetters: readonly Pick<DeadLetterRow, "version" | "reason">[];
  /** Whether a row stands for exactly this timer. */
  isTimerStored(timer: RunTimer): boolean;
  /** Whether an outbox row that is not settled yet carries this attempt. */
  isInOutbox(commandId: string, attempt: number): boolean;
  /** A run that this one has started; null when there is none of this id. Asked of `listChildIds` alone. */
  child(runId: string): Pick<Run, "outcome" | "parent"> | null;
  /** Whether a row of this id stands in the durable inbox. Asked of `listEndInboxIds` alone. */
  isInInbox(inboxId: string): boolean;
}

/** The runs that a run waits for. */
export function listChildIds({ commands }: Pick<Run, "commands">): readonly string[] {
  return commands.flatMap(({ phase, childId }) =>
    phase === "delivered" && childId !== undefined ? [childId] : [],
  );
}

/** The rows of the durable inbox in which the ends of these runs may wait for it. */
export function listEndInboxIds({ commands }: Pick<Run, "commands">): readonly string[] {
  return commands.flatMap(({ id, childId }) => (childId === undefined ? [] : [childEndInboxId(id)]));
}

/** Walks the history of one run, entry by entry as stored, then compares its end with the run. */
export class RunAudit {
  readonly #run: Run;
  readonly #findings: AuditFinding[] = [];
  readonly #eventIds = new Set<string>();
  #entries = 0;
  #isInOrder = true;
  #lastState: string | null = null;

  constructor(run: Run) {
    this.#run = run;
  }

  get runId(): string {
    return this.#run.runId;
  }

  addEntry(entry: HistoryEntry): void {
    this.#entries++;
    // One break shifts every later entry, so only the first is told.
    if (entry.version !== this.#entries && this.#isInOrder) {
      this.#isInOrder = false;
      this.#find("I1", `history has version ${entry.version} where ${this.#entries} was expected`);
    }
    if ((entry.kind === "started") !== (this.#entries === 1)) {
      this.#find(
        "I6",
        `entry ${this.#entries} of the history is ${entry.kind}; a run starts once, and first`,
      );
    }
    const [eventId] = seenBy(entry) ?? [];
    if (eventId !== undefined) this.#addEventId(eventId, entry.version);
    this.#lastState = entry.state;
  }

  #addEventId(eventId: string, version: number): void {
    if (this.#eventIds.has(eventId))
      this.#find("I6", `event ${eventId} was taken in again at version ${version}`);
    this.#eventIds.add(eventId);
  }

  finish(around: RunSurroundings): readonly AuditFinding[] {
    if (this.#run.version !== this.#entries) {
      this.#find(
        "I1",
        `the run is at version ${this.#run.version}, its history has ${this.#entries} entries`,
      );
    } else if (this.#lastState !== this.#run.state) {
      this.#find("I1", `the run is in state ${this.#run.state}, its history ends in ${this.#lastState}`);
    }
    for (const timer of activeTimers(this.#run)) {
      if (!around.isTimerStored(timer))
        this.#find("I3", `timer ${timer.number} (${timer.kind}) is set, and no row will fire it`);
    }
    this.#checkParked(around.deadLetters);
    this.#checkCompensation();
    if (this.#run.outcome === null && this.#run.parked === null) {
      for (const command of this.#run.commands) this.#checkCommand(command, around);
      for (const command of this.#run.commands) this.#checkChild(command, around);
    }
    return this.#findings;
  }

  /** A run that takes steps back waits for exactly one undo, that of its newest step, and is in no other state meanwhile. */
  #checkCompensation(): void {
    const { compensation, state, commands } = this.#run;
    if ((compensation !== null) !== (state === COMPENSATING)) {
      const found = compensation === null ? "no step" : `${compensation.steps.length} steps`;
      this.#find("I3", `the run is in state ${state}, and takes ${found} back`);
    }
    const expected =
      compensation === null ? [] : compensation.steps.slice(-1).map(({ commandId }) => commandId);
    const undone = commands.filter(({ purpose }) => purpose === "undo").map(({ undoes }) => undoes);
    const isOne = compensation === null ? undone.length === 0 : undone.length === 1;
    if (isOne && undone[0] === expected[0]) return;
    const told = (ids: readonly (string | undefined)[]) => ids.join(", ") || "none";
    this.#find("I3", `the undo under way is of ${told(undone)}, expected that of ${told(expected)}`);
  }

  /** The end of a child and what it means to its parent are committed together, if only as a row of the inbox, where it may outlive the child. */
  #checkChild({ id, phase, childId }: PendingCommand, around: RunSurroundings): void {
    if (phase !== "delivered" || childId === undefined || around.isInInbox(childEndInboxId(id))) return;
    const child = around.child(childId);
    if (child === null) this.#find("I3", `the run waits for run ${childId}, which does not exist`);
    else if (child.parent?.runId !== this.runId)
      this.#find("I3", `the run waits for run ${childId}, which has another parent`);
    else if (child.outcome !== null)
      this.#find("I3", `the run waits for run ${childId}, which ended ${child.outcome} and told nobody`);
  }

  #checkParked(deadLetters: readonly Pick<DeadLetterRow, "version" | "reason">[]): void {
    const hasHead = deadLetters.some(({ reason }) => reason !== null);
    if (this.#run.parked !== null && !hasHead)
      this.#find("I3", `the run is parked (${this.#run.parked}) without a dead letter`);
    if (this.#run.parked === null && deadLetters.length > 0) {
      this.#find("I3", `the run is not parked, and ${deadLetters.length} dead letters wait behind it`);
    }
  }

  /** Each pending command has somebody who moves it on: the outbox, a timer, or a participant that has it. */
  #checkCommand(command: PendingCommand, around: RunSurroundings): void {
    if (command.phase === "sending" && !around.isInOutbox(command.id, command.attempt)) {
      this.#find(
        "I3",
        `attempt ${command.attempt} of command ${command.id} is to be sent, and no outbox row carries it`,
      );
    }
    const hasTimer = this.#run.timers.some(
      ({ kind, commandId }) => kind === "retry" && commandId === command.id,
    );
    if (command.phase === "waiting" && !hasTimer) {
      this.#find("I3", `command ${command.id} waits for attempt ${command.attempt} without a timer`);
    }
  }

  #find(invariant: AuditFinding["invariant"], message: string): void {
    this.#findings.push({ invariant, runId: this.#run.runId, message });
  }
}

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
