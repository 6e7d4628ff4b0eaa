/**
 * Stands between the engines and the database and writes down what the database takes in, with a ledger of its own of who may write
 * which lane. So a fence that fails is seen here and now, and what was promised before a commit is known to have been early.
 */
import type { HistoryEntry } from "../../core/history.ts";
import type {
  Batch,
  BatchWrites,
  DeadLetterRow,
  InboxRow,
  LaneStep,
  Store,
  StoreWriter,
} from "../../core/ports.ts";
import { hasCode } from "../../core/errors.ts";
import type { Coverage } from "./coverage.ts";
import { TRANSACTIONAL_CHANNELS } from "./participant-ledger.ts";
import type { Report } from "./violation.ts";

interface Grant {
  readonly engineId: string;
  readonly epoch: number;
}

/** That a schedule is served, and until when: the newest of the times it was looked at for. */
export interface Served {
  readonly untilMs: number;
  readonly savedAtMs: number;
}

/** A run as its commits tell it. */
export interface LoggedRun {
  readonly entries: HistoryEntry[];
  /** All dead letters it ever had, by version. */
  readonly letters: Map<number, DeadLetterRow>;
}

export class CommitLog {
  readonly #report: Report;
  readonly #coverage: Coverage;
  readonly #nowMs: () => number;
  readonly #grants = new Map<number, Grant>();
  readonly #batches = new Map<number, number>();
  readonly #inbox = new Set<string>();
  readonly #issued = new Set<string>();
  readonly runs = new Map<string, LoggedRun>();
  /** What was saved of each schedule, by flow, in order. */
  readonly served = new Map<string, Served[]>();
  readonly #listeners: (() => void)[] = [];
  commits = 0;

  constructor(report: Report, coverage: Coverage, nowMs: () => number) {
    this.#report = report;
    this.#coverage = coverage;
    this.#nowMs = nowMs;
  }

  /** Calls back after each commit. */
  onCommit(callback: () => void): void {
    this.#listeners.push(callback);
  }

  /** Whether the command was issued by something committed. */
  hasIssued(commandId: string): boolean {
    return this.#issued.has(commandId);
  }

  /** Whether something committed is what an undo takes back: a command that was issued, or an event that its run was told. */
  hasDone(stepId: string): boolean {
    const [runId = "", version, type] = stepId.split(":");
    const told = this.runs.get(runId)?.entries ?? [];
    return (
      this.hasIssued(stepId) || told.some((entry) => entry.type === type && entry.version <= Number(version))
    );
  }

  /** Whether an event or an operation is durable: in the history of its run, or in a lane's inbox. */
  holdsInput(runId: string, id: string): boolean {
    const run = this.runs.get(runId);
    return run?.entries.some((entry) => entry.eventId === id) === true || this.#inbox.has(id);
  }

  holdsRun(runId: string): boolean {
    return this.runs.has(runId) || this.#inbox.has(runId);
  }

  watch(store: Store): Store {
    return {
      ...store,
      claimLanes: async (claim) => {
        const claimed = await store.claimLanes(claim);
        for (const lane of claimed)
          this.#granted(lane.laneId, { engineId: claim.engineId, epoch: lane.epoch });
        if (claimed.some(({ unpublished }) => unpublished.length > 0))
          this.#coverage.count("takeover of commands");
        return claimed;
      },
      leaveLanes: async (engineId, lanes) => {
        await store.leaveLanes(engineId, lanes);
        this.#coverage.count("lane handed over", lanes.length);
      },
      appendInbox: async (rows) => {
        await store.appendInbox(rows);
        for (const row of rows) this.#inbox.add(idOf(row));
      },
      saveSchedule: async (schedule) => {
        await store.saveSchedule(schedule);
        const { flow, lastDueAtMs: untilMs } = schedule;
        this.served.set(flow, [...(this.served.get(flow) ?? []), { untilMs, savedAtMs: this.#nowMs() }]);
      },
      openWriter: async (name) => this.#watchWriter(await store.openWriter(name), store.engineId),
    };
  }

  #granted(laneId: number, grant: Grant): void {
    const before = this.#grants.get(laneId);
    if (before !== undefined && grant.epoch <= before.epoch) {
      this.#report("I5", `lane ${laneId} was granted under epoch ${grant.epoch} after epoch ${before.epoch}`);
    }
    if (before !== undefined && before.engineId !== grant.engineId) this.#coverage.count("takeover");
    this.#grants.set(laneId, grant);
  }

  #watchWriter(writer: StoreWriter, engineId: string): StoreWriter {
    return {
      openBatch: () => this.#watchBatch(writer.openBatch(), engineId),
      close: () => writer.close(),
    };
  }

  #watchBatch(batch: Batch, engineId: string): Batch {
    return {
      loadRuns: (runIds) => batch.loadRuns(runIds),
      loadDeadLetters: (runIds) => batch.loadDeadLetters(runIds),
      withTransaction: (work) => batch.withTransaction(work),
      rollback: () => batch.rollback(),
      commit: async (writes) => {
        try {
          await batch.commit(writes);
        } catch (error) {
          if (hasCode(error, "FLOW_LANE_LOST")) this.#coverage.count("commit fenced");
          if (hasCode(error, "FLOW_STORE_UNAVAILABLE")) this.#coverage.count("batch ended from outside");
          throw error;
        }
        this.#committed(engineId, writes);
      },
    };
  }

  #committed(engineId: string, writes: BatchWrites): void {
    this.commits++;
    for (const step of writes.lanes) this.#checkStep(engineId, step);
    this.#checkFenced(engineId, writes);
    if (writes.atMs > this.#nowMs() + CLOCK_ERROR_MS_MAX) {
      this.#report(
        "engine",
        `${engineId} dates a batch ${Math.round(writes.atMs - this.#nowMs())} ms ahead of the store's clock`,
      );
    }
    this.#coverage.count("command left to the next batch", countTransactional(writes));
    for (const { runId, entries } of writes.history)
      for (const entry of entries) this.#addEntry(runId, entry);
    for (const letter of writes.deadLetters) this.#logOf(letter.runId).letters.set(letter.version, letter);
    for (const listener of this.#listeners) listener();
  }

  #checkStep(engineId: string, { laneId, epoch, batchNumber }: LaneStep): void {
    const grant = this.#grants.get(laneId);
    if (grant?.engineId !== engineId || grant.epoch !== epoch) {
      this.#report(
        "I5",
        `${engineId} committed to lane ${laneId} under epoch ${epoch}, which belongs to ${grant?.engineId ?? "nobody"} under epoch ${grant?.epoch ?? 0}`,
      );
    }
    const expected = this.#batches.get(laneId) ?? 0;
    if (batchNumber !== expected)
      this.#report(
        "I5",
        `${engineId} committed batch ${batchNumber} of lane ${laneId}, expected ${expected}`,
      );
    this.#batches.set(laneId, batchNumber + 1);
  }

  /** Everything a batch writes belongs to a lane that it moves, or the fence does not stand before it. */
  #checkFenced(engineId: string, writes: BatchWrites): void {
    const fenced = new Set(writes.lanes.map(({ laneId }) => laneId));
    const rows = [
      ...writes.runs,
      ...writes.history,
      ...writes.outbox,
      ...writes.timersSet,
      ...writes.timersCleared,
    ];
    for (const { lane, runId } of rows) {
      if (!fenced.has(lane))
        this.#report("I5", `${engineId} wrote run ${runId} of lane ${lane} without a step of that lane`);
    }
  }

  #addEntry(runId: string, entry: HistoryEntry): void {
    const run = this.#logOf(runId);
    if (entry.version !== run.entries.length + 1) {
      this.#report("I1", `run ${runId} got version ${entry.version} after version ${run.entries.length}`);
    }
    run.entries.push(entry);
    for (const { id } of entry.commands ?? []) this.#issued.add(id);
  }

  #logOf(runId: string): LoggedRun {
    const logged = this.runs.get(runId) ?? { entries: [], letters: new Map<number, DeadLetterRow>() };
    this.runs.set(runId, logged);
    return logged;
  }
}

/** An engine only estimates the store's clock, from its own clock and the way there; its drift between heartbeats is allowed. */
const CLOCK_ERROR_MS_MAX = 100;

/** Under which id an input waits in the inbox: an event and an operation under their own, a start under that of its run. */
function idOf({ input }: InboxRow): string {
  return input.kind === "event" || input.kind === "operation" ? input.id : input.runId;
}

/** Commands for a participant of the batch that the batch left to its lane's outbox. */
function countTransactional({ outbox, runs }: BatchWrites): number {
  return outbox.filter(({ runId, commandId }) => {
    const command = runs.find((run) => run.runId === runId)?.commands.find(({ id }) => id === commandId);
    return command !== undefined && TRANSACTIONAL_CHANNELS.has(command.channel);
  }).length;
}
