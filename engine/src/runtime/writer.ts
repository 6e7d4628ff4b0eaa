/**
 * A writer: the batch loop of some lanes. Owns the right to write them, the cache of their runs, and one store connection.
 * W1  One batch at a time; one transaction per batch; the lane steps are its last statement and its fence.
 * W2  Nothing leaves (no answer, no command, no notice) before the commit that contains it.
 * W3  A batch that fails leaves nothing in memory either: what it touched is evicted and its inputs are decided again.
 * W4  A lost lane is no error of its runs: callers' inputs go on to the new owner, ours (timers, settlements) the new owner makes again.
 * W5  Repeating an input is harmless: events and starts carry ids, settlements and timers are known by command and number.
 * W6  What fails after a commit undoes nothing and repeats nothing: the lanes are given up, and whoever claims them sends what is unsettled.
 */
import { engineError, hasCode } from "../core/errors.ts";
import type { Batch, ClaimedLane, Clock, LogPort, StoreWriter, TimerRow, Tracer } from "../core/ports.ts";
import type { Run } from "../core/run.ts";
import { NO_POSITIONS, STALE, planBatch } from "./batch-plan.ts";
import type { BatchPlan, PlanParts } from "./batch-plan.ts";
import { BatchWork, isSending } from "./batch-work.ts";
import { failureReason } from "./failure-reason.ts";
import type { FlowRegistry } from "./flow-registry.ts";
import { OwnedLane } from "./lane.ts";
import { LATE_MS, LateDeliveries } from "./late-deliveries.ts";
import type { EngineMetrics } from "./metrics.ts";
import type { ResolvedEngineOptions } from "./options.ts";
import { HandlerHangs } from "./participants.ts";
import type { TransactionalParticipants } from "./participants.ts";
import type { Pauses } from "./pauses.ts";
import type { Projector } from "./projector.ts";
import type { OutboxItem, QueueItem } from "./queue-item.ts";
import { RunCache } from "./run-cache.ts";
import type { CachedRun } from "./run-cache.ts";
import { logNotes } from "./run-log.ts";
import { traceNotes, withTraces } from "./run-trace.ts";
import { Signal } from "./signal.ts";
import { TimerHeap } from "./timer-heap.ts";

export interface WriterPorts {
  readonly name: string;
  readonly clock: Clock;
  readonly log: LogPort;
  readonly tracer: Tracer;
  readonly options: ResolvedEngineOptions;
  readonly flows: FlowRegistry;
  readonly participants: TransactionalParticipants;
  readonly projector: Projector;
  readonly metrics: EngineMetrics;
  readonly pauses: Pauses;
  /** Of the deployment. */
  readonly laneCount: number;
  openConnection(): Promise<StoreWriter>;
  storeNowMs(): number;
  /** Timers due later than this are left in the store; they are read when their time comes near. */
  timerHorizonMs(): number;
  /** Commands to participants outside the batch, committed just now. */
  relay(items: readonly OutboxItem[]): void;
  /** A run as it is now committed. */
  runWritten(run: Run): void;
  /** These lanes are no longer ours, or nobody knows where they stand: claim them again. */
  lanesLost(laneIds: readonly number[]): void;
  /** An input of a caller whose lane has moved to another owner. */
  reroute(item: QueueItem): void;
}

/** How long a writer waits before it tries a failed batch again: from the first to the longest, doubling. */
const AGAIN_FIRST_MS = 50;
const AGAIN_MS_MAX = 1_000;
/** How often those are looked for whose answer does not come. */
const LATE_LOOK_MS = 50;
/** How long a failed batch speaks against a writer that has nothing to do since. */
const FAILURE_COUNTS_MS = 2_000;
/** An input that fails alone is refused when as many failures in a row came before: one may have had another reason. */
const FAILURES_BEFORE_REFUSAL = 3;

export class Writer {
  readonly #ports: WriterPorts;
  readonly #lanes = new Map<number, OwnedLane>();
  readonly #cache: RunCache;
  readonly #timers = new TimerHeap();
  readonly #wake = new Signal();
  readonly #late = new LateDeliveries();
  #cancelLate: (() => void) | null = null;
  #queue: QueueItem[] = [];
  #queuedBytes = 0;
  #connection: StoreWriter | null = null;
  #failures = 0;
  /** Failures since the last commit, whoever had the lanes meanwhile. */
  #failuresInRow = 0;
  /** How many inputs the next batch may take: half of those that failed, and twice as many after each commit, so that a bad one soon stands alone. */
  #inputsMax: number;
  #failure: { readonly error: unknown; readonly atMs: number } | null = null;
  #isDraining = false;
  #isStopping = false;
  #finished: Promise<void> = Promise.resolve();
  #cancelWake: () => void = () => {};
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #busy: Promise<void> | null = null;

  constructor(ports: WriterPorts) {
    this.#ports = ports;
    this.#inputsMax = ports.options.batchInputsMax;
    this.#cache = new RunCache(ports.options.cachedRunsMax, ports.options.cachedBytesMax);
  }

  start(): void {
    this.#finished = this.#loop();
  }

  /** Ends after the batch under way; what is still queued is handed back to its callers. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake.notify();
    await this.#finished;
    this.#cancelWake();
    for (const item of this.#queue.splice(0)) item.fail?.(stopping());
    await this.#connection?.close().catch(() => {});
  }

  get depth(): number {
    return this.#queue.length;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#late.size === 0 && this.#busy === null;
  }

  /** Why batches fail; null when they do not. A writer with nothing to do cannot know that the store is back: soon it is fine again. */
  get failure(): string | null {
    if (this.#failures === 0 || this.#failure === null) return null;
    const agoMs = this.#ports.clock.monotonicMs() - this.#failure.atMs;
    return this.isIdle && agoMs > FAILURE_COUNTS_MS ? null : failureReason(this.#failure.error);
  }

  owns(lane: number): boolean {
    return this.#lanes.has(lane);
  }

  epochOf(lane: number): number | null {
    return this.#lanes.get(lane)?.epoch ?? null;
  }

  /** The run as the owner knows it, or undefined when it is not in memory. */
  peek(runId: string): Run | undefined {
    return this.#cache.peek(runId)?.run;
  }

  /** Whether a committed command is still wanted. When the run is not in memory, better send once too often. */
  wants({ due }: OutboxItem): boolean {
    const run = this.peek(due.runId);
    return run === undefined || isSending(run, due.command.id, due.command.attempt);
  }

  /** @throws FLOW_INBOX_FULL (overloaded), FLOW_STORE_UNAVAILABLE (unavailable): nothing happened */
  enqueueFromCaller(item: QueueItem): void {
    if (this.#failures > 0 && this.#queue.length > 0) throw storeUnavailable(this.#failure?.error);
    if (this.#queue.length >= this.#ports.options.queueMax) {
      throw engineError(
        "FLOW_INBOX_FULL",
        `${this.#queue.length} inputs wait, at most ${this.#ports.options.queueMax} may (queueMax); try again`,
        {
          retryAfterMs: 1_000,
        },
      );
    }
    const { queueBytesMax } = this.#ports.options;
    if (this.#queuedBytes > 0 && this.#queuedBytes + (item.bytes ?? 0) > queueBytesMax) {
      throw engineError(
        "FLOW_INBOX_FULL",
        `inputs of some ${this.#queuedBytes} bytes wait, at most ${queueBytesMax} may (queueBytesMax); try again`,
        { retryAfterMs: 1_000 },
      );
    }
    this.enqueue(item);
  }

  /** For inputs of the engine itself, whose number other limits bound. */
  enqueue(item: QueueItem): void {
    this.#queue.push(...this.#late.take(item.runId), item);
    this.#queuedBytes += item.bytes ?? 0;
    this.#wake.notify();
  }

  /** For the news that a command was delivered, whose answer comes soon: it waits a while for that, since both are one write then. */
  enqueueLate(item: QueueItem): void {
    if (this.#isDraining) return this.enqueue(item);
    this.#late.keep(item, this.#ports.clock.monotonicMs());
    this.#armLate(LATE_MS);
  }

  /** Before a stop, or before lanes leave: nothing waits for an answer any more, until `goOn`. */
  drain(): void {
    this.#isDraining = true;
    this.#cancelLate?.();
    this.#cancelLate = null;
    for (const item of this.#late.takeDue(Number.POSITIVE_INFINITY)) this.enqueue(item);
  }

  goOn(): void {
    this.#isDraining = false;
  }

  /** Whether outcomes of commands wait for a batch. */
  get hasSettlements(): boolean {
    return this.#queue.some(({ input }) => input?.kind === "settled");
  }

  #armLate(inMs: number): void {
    this.#cancelLate ??= this.#ports.clock.schedule(inMs, () => {
      this.#cancelLate = null;
      for (const item of this.#late.takeDue(this.#ports.clock.monotonicMs())) this.enqueue(item);
      if (this.#late.size > 0) this.#armLate(LATE_LOOK_MS);
    });
  }

  /** Takes a lane over, with the timers of the near future. */
  install(claimed: ClaimedLane, timers: readonly TimerRow[]): void {
    if (this.#lanes.has(claimed.laneId)) this.#forgetLane(claimed.laneId);
    this.#lanes.set(claimed.laneId, new OwnedLane(claimed));
    this.#failures = 0;
    this.setTimers(timers);
  }

  setTimers(timers: readonly TimerRow[]): void {
    for (const timer of timers) if (this.#lanes.has(timer.lane)) this.#timers.set(timer);
    this.#armWake();
  }

  /** Forgets a lane. Callers' inputs go to its next owner. */
  drop(laneId: number): void {
    if (!this.#lanes.delete(laneId)) return;
    this.#forgetLane(laneId);
    this.#setQueue(this.#stillOurs(this.#queue));
  }

  #forgetLane(laneId: number): void {
    this.#late.dropLane(laneId);
    this.#cache.dropLane(laneId);
    this.#timers.dropLane(laneId);
  }

  /** Gives a lane up in good order: after the batch under way nothing of it is written here any more. */
  async release(laneId: number): Promise<number | null> {
    const epoch = this.epochOf(laneId);
    await this.#busy;
    this.drop(laneId);
    return epoch;
  }

  /** Settlements and timers of a lane that has gone belong to a former epoch; the next owner, perhaps we, makes them again. */
  #handOn(item: QueueItem): void {
    if (item.inboxId !== undefined) item.fail?.(storeUnavailable());
    else if (item.answer !== undefined) this.#ports.reroute(item);
  }

  async #loop(): Promise<void> {
    while (!this.#isStopping) {
      const items = this.#take();
      if (items.length === 0) {
        this.#armWake();
        await this.#wake.wait();
        continue;
      }
      await this.#ports.projector.room();
      this.#busy = this.#runBatch(this.#stillOurs(items));
      await this.#busy;
      this.#busy = null;
    }
  }

  /** What the next batch works on: due timers, at most half of it, then what has arrived. A crowd of callers holds no deadline back. */
  #take(): QueueItem[] {
    const inputsMax = this.#inputsMax;
    const isSearching = this.#isSearching && this.#queue.length > 0;
    const half = isSearching ? Math.floor(inputsMax / 2) : Math.ceil(inputsMax / 2);
    const timersMax = Math.min(this.#ports.options.timersPerBatchMax, half);
    const due = this.#timers.takeDue(this.#ports.storeNowMs(), timersMax);
    const timers = due.map(({ lane, runId, number }): QueueItem => ({
      lane,
      runId,
      input: { kind: "timer", runId, number },
    }));
    const queued = this.#takeQueued(inputsMax - timers.length);
    // What failed is the head of the queue, and stays in front: so it is what stands alone in the end.
    return isSearching ? [...queued, ...timers] : [...timers, ...queued];
  }

  /** Whether an input that cannot be stored may be among the next. */
  get #isSearching(): boolean {
    return this.#failuresInRow > 0 || this.#inputsMax < this.#ports.options.batchInputsMax;
  }

  #setQueue(items: QueueItem[]): void {
    this.#queue = items;
    this.#queuedBytes = items.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  }

  /** At least one, and no more than a batch may hold. */
  #takeQueued(inputsMax: number): QueueItem[] {
    const { batchBytesMax } = this.#ports.options;
    let [count, bytes] = [0, 0];
    for (const item of this.#queue) {
      if (count === inputsMax || (count > 0 && bytes + (item.bytes ?? 0) > batchBytesMax)) break;
      count++;
      bytes += item.bytes ?? 0;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  /** A lane may have gone while its inputs waited for room. */
  #stillOurs(items: readonly QueueItem[]): QueueItem[] {
    const ours: QueueItem[] = [];
    for (const item of items) {
      if (this.#lanes.has(item.lane)) ours.push(item);
      else this.#handOn(item);
    }
    return ours;
  }

  #armWake(): void {
    const dueAtMs = this.#timers.nextDueAtMs();
    if (dueAtMs === null || dueAtMs >= this.#wakeAtMs) return;
    this.#cancelWake();
    this.#wakeAtMs = dueAtMs;
    this.#cancelWake = this.#ports.clock.schedule(Math.max(0, dueAtMs - this.#ports.storeNowMs()), () => {
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#wake.notify();
    });
  }

  async #runBatch(items: readonly QueueItem[]): Promise<void> {
    const startedMs = this.#ports.clock.monotonicMs();
    const lanes = new Map(this.#lanes);
    let batch: Batch | null = null;
    let work: BatchWork | null = null;
    let plan: BatchPlan;
    try {
      this.#connection ??= await this.#ports.openConnection();
      batch = this.#connection.openBatch();
      const parts = this.#planParts(lanes);
      work = new BatchWork(parts.flows, parts.options, parts.laneCount, parts.nowMs);
      plan = await planBatch(parts, batch, work, items);
      if (plan.writes.lanes.length === 0) await batch.rollback();
      else await batch.commit(plan.writes);
    } catch (error) {
      await batch?.rollback();
      for (const runId of work?.heldRunIds() ?? []) this.#cache.delete(runId);
      await this.#failed(items, error);
      return;
    }
    this.#failures = 0;
    this.#failuresInRow = 0;
    this.#inputsMax = Math.min(this.#ports.options.batchInputsMax, 2 * this.#inputsMax);
    this.#again(items.slice(plan.items.length), false);
    try {
      this.#committed(plan, this.#ports.clock.monotonicMs() - startedMs);
    } catch (error) {
      this.#loseTrack(plan, error);
    }
  }

  #planParts(lanes: ReadonlyMap<number, OwnedLane>): PlanParts {
    const { flows, options, participants, log, laneCount, pauses } = this.#ports;
    return {
      flows,
      options,
      participants,
      log,
      lanes,
      laneCount,
      pauses,
      cache: this.#cache,
      nowMs: this.#ports.storeNowMs(),
    };
  }

  /** After the commit, and only now (W2): memory follows, callers hear, commands leave. */
  #committed(plan: BatchPlan, tookMs: number): void {
    const { work, writes } = plan;
    for (const step of writes.lanes)
      plan.lanes.get(step.laneId)?.advance(step, plan.settled.get(step.laneId) ?? NO_POSITIONS);
    for (const timer of writes.timersCleared) this.#timers.clear(timer);
    const horizonMs = this.#ports.timerHorizonMs();
    this.setTimers(writes.timersSet.filter(({ dueAtMs }) => dueAtMs <= horizonMs));
    for (const { work: workRun, run } of work.changed()) {
      // The lane may have gone while the commit was on its way back, and may be ours again under another epoch.
      if (this.#lanes.get(run.lane) === plan.lanes.get(run.lane)) this.#remember(run, workRun.seen);
    }
    this.#ports.projector.add(writes.runs, writes.lanes, work.nowMs);
    this.#ports.metrics.batchCommitted(plan.items.length, tookMs, work);
    plan.items.forEach((item, at) => item.answer?.(plan.answers[at] ?? STALE));
    this.#ports.relay(this.#traced(plan, tookMs));
    for (const run of writes.runs) this.#ports.runWritten(run);
    // Last, for a log that cannot be written must not keep anybody waiting.
    logNotes(this.#ports.log, work.notes);
  }

  /** The commit stands, and not all that follows from it has happened. The lanes are claimed again, and with them what has to leave (W6). */
  #loseTrack({ items }: BatchPlan, error: unknown): void {
    this.#ports.lanesLost(this.#loseAll());
    // Who has an answer keeps it.
    for (const item of items) item.fail?.(maybeStored(error));
    this.#ports.log.error(
      { writer: this.#ports.name, inputs: items.length, err: error },
      "a batch was committed, and what follows from it failed; its lanes are claimed again",
    );
  }

  /** What leaves, as part of what the batch has done. */
  #traced({ work, outbox }: BatchPlan, tookMs: number): readonly OutboxItem[] {
    const { tracer } = this.#ports;
    if (!tracer.isOn) return outbox;
    const { notes, nowMs } = work;
    return withTraces(outbox, traceNotes(tracer, { notes, tookMs, nowMs }));
  }

  #remember(run: Run, seen: CachedRun["seen"]): void {
    // A final run is rarely asked for again; its place is better used by one that moves.
    if (run.outcome === null) this.#cache.set(run.runId, { run, seen });
    else this.#cache.delete(run.runId);
  }

  async #failed(items: readonly QueueItem[], error: unknown): Promise<void> {
    if (error instanceof HandlerHangs) return this.#pauseHandler(items, error);
    if (hasCode(error, "FLOW_LANE_LOST")) return this.#loseLanes(items, error);
    this.#failures++;
    this.#failuresInRow++;
    this.#inputsMax = Math.max(1, Math.floor(items.length / 2));
    this.#failure = { error, atMs: this.#ports.clock.monotonicMs() };
    this.#ports.metrics.batchFailed();
    this.#ports.log.warn(
      { writer: this.#ports.name, inputs: items.length, failures: this.#failures, err: error },
      "a batch failed and is tried again",
    );
    const isUnknown = hasCode(error, "FLOW_OUTCOME_UNKNOWN");
    const isAway = isUnknown || hasCode(error, "FLOW_STORE_UNAVAILABLE");
    if (!isAway && items.length === 1 && this.#failuresInRow > FAILURES_BEFORE_REFUSAL)
      return this.#rejectPoison(items, error);
    this.#again(items, isUnknown);
    if (isUnknown) this.#ports.lanesLost(this.#loseAll());
    if (isAway) this.#failWaiting(error);
    await this.#pause(Math.min(AGAIN_MS_MAX, AGAIN_FIRST_MS * 2 ** (this.#failures - 1)));
  }

  #pauseHandler(items: readonly QueueItem[], error: HandlerHangs): void {
    const pauseMs = this.#ports.participants.pause(error.handler);
    this.#ports.log.error(
      { handler: error.handler, pauseMs },
      "a transactional handler does not return; it is paused and its commands are tried again later",
    );
    this.#again(items, false);
  }

  /** Another owner has some lanes, or they were written already. Nothing of the batch was committed. */
  #loseLanes(items: readonly QueueItem[], error: unknown): void {
    const lost = lostLanes(error);
    this.#ports.log.warn({ writer: this.#ports.name, lanes: lost }, "lanes were lost to another owner");
    this.#again(items, false);
    for (const laneId of lost) this.drop(laneId);
    this.#ports.lanesLost(lost);
  }

  #loseAll(): number[] {
    const laneIds = [...this.#lanes.keys()];
    for (const laneId of laneIds) {
      this.#lanes.delete(laneId);
      this.#forgetLane(laneId);
    }
    this.#setQueue(this.#stillOurs(this.#queue));
    return laneIds;
  }

  #again(items: readonly QueueItem[], isTried: boolean): void {
    if (items.length === 0) return;
    for (const item of items) {
      item.isNew = false;
      if (isTried) item.isTried = true;
    }
    this.#setQueue([...items, ...this.#queue]);
  }

  /** The store is away: callers of whom nothing can have happened are told so now, instead of when their patience ends. */
  #failWaiting(error: unknown): void {
    const kept = this.#queue.filter((item) => {
      if (item.fail === undefined || item.isTried === true) return true;
      item.fail(storeUnavailable(error));
      return false;
    });
    this.#setQueue(kept);
  }

  #rejectPoison(items: readonly QueueItem[], error: unknown): void {
    this.#failures = 0;
    this.#failuresInRow = 0;
    for (const item of items) {
      this.#ports.log.error(
        { runId: item.runId, input: item.input?.kind, err: error },
        "an input cannot be stored and is refused",
      );
      item.fail?.(
        engineError("FLOW_UNEXPECTED", "the input cannot be stored", {
          cause: error,
          fields: { runId: item.runId },
        }),
      );
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isStopping) return;
    await new Promise<void>((resolve) => this.#ports.clock.schedule(ms, resolve));
  }
}

function lostLanes(error: unknown): number[] {
  const fields = typeof error === "object" && error !== null && "fields" in error ? error.fields : null;
  const lanes = typeof fields === "object" && fields !== null && "lanes" in fields ? fields.lanes : null;
  return Array.isArray(lanes) ? lanes.filter((lane): lane is number => typeof lane === "number") : [];
}

/** In the store's own words where it has said that it is away: they tell an empty cable from a full disk. */
function storeUnavailable(cause?: unknown): Error {
  const isAway = cause instanceof Error && hasCode(cause, "FLOW_STORE_UNAVAILABLE");
  const message = isAway ? cause.message : "the database is away; nothing happened, try again";
  return engineError("FLOW_STORE_UNAVAILABLE", message, { cause, retryAfterMs: 1_000 });
}

function maybeStored(cause: unknown): Error {
  return engineError(
    "FLOW_OUTCOME_UNKNOWN",
    "the input may have been stored; repeat it with the same idempotency key or event id",
    { cause, retryAfterMs: 1_000 },
  );
}

function stopping(): Error {
  return engineError("FLOW_STOPPING", "the engine is stopping; nothing happened, try again", {
    retryAfterMs: 1_000,
  });
}
