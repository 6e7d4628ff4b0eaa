/**
 * The engine of one process: writers, ownership, intake, relays and projector, put together.
 * Stores, transports and participants come in as ports; nothing here knows one by name.
 */
import type { TraceContext } from "@sluice/contracts/broker-message";
import type { ReplyMessage } from "@sluice/contracts/envelope";
import type { CompiledFlow } from "../core/compile-flow.ts";
import type { Answer } from "../core/decision.ts";
import type { ListDueTimes } from "../core/flow.ts";
import type { LaneInput, Operation, Settlement } from "../core/inputs.ts";
import { engineError, toPlainError } from "../core/errors.ts";
import type {
  ClaimedLane,
  Clock,
  GaugePort,
  JobExample,
  JobPlan,
  LogPort,
  MeterPort,
  OutboxRow,
  Page,
  PeerAnswer,
  Peers,
  Store,
  StoredTimer,
  TakenReply,
  TimerRow,
  Tracer,
  TransactionalParticipant,
  Transport,
} from "../core/ports.ts";
import type { Run } from "../core/run.ts";
import { isUnserved } from "./batch-plan.ts";
import { BatchWork } from "./batch-work.ts";
import type { DueCommand } from "./batch-work.ts";
import { FlowRegistry } from "./flow-registry.ts";
import { Forwarding } from "./forwarding.ts";
import { InboxDrain } from "./inbox-drain.ts";
import { Intake } from "./intake.ts";
import { listJobPage, previewRuns } from "./job-runs.ts";
import { Jobs } from "./jobs.ts";
import { EngineMetrics } from "./metrics.ts";
import type { ResolvedEngineOptions } from "./options.ts";
import { CLOCK_MARGIN_MS, Ownership } from "./ownership.ts";
import type { UnsettledRuns } from "./ownership.ts";
import { TransactionalParticipants } from "./participants.ts";
import { Pauses } from "./pauses.ts";
import { Projector } from "./projector.ts";
import { ChannelRelay } from "./relay.ts";
import { RunEnds } from "./run-ends.ts";
import { submitTraced } from "./run-trace.ts";
import { RunWatchers } from "./run-watchers.ts";
import { Schedules } from "./schedules.ts";
import type { StartRun } from "./schedules.ts";
import { takeReply } from "./take-reply.ts";
import { Writer } from "./writer.ts";
import type { OutboxItem } from "./queue-item.ts";
import { Upkeep } from "./upkeep.ts";

export interface RuntimeParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: LogPort;
  readonly meter: MeterPort;
  readonly tracer: Tracer;
  readonly flows: readonly CompiledFlow[];
  readonly participants: readonly TransactionalParticipant[];
  readonly transports: readonly Transport[];
  readonly peers: Peers | null;
  readonly engineId: string;
  readonly lanes: number;
  readonly listDueTimes: ListDueTimes;
  readonly start: StartRun;
  readonly options: ResolvedEngineOptions;
}

/** How often a graceful stop looks whether everything has drained. */
const DRAIN_LOOK_MS = 10;

export class Runtime {
  readonly #parts: RuntimeParts;
  readonly #flows: FlowRegistry;
  readonly #metrics: EngineMetrics;
  readonly #gauges: Readonly<
    Record<
      | "outboxDepth"
      | "outboxAge"
      | "timersDue"
      | "parked"
      | "stuck"
      | "inbox"
      | "queue"
      | "lanes"
      | "projection"
      | "waiters",
      GaugePort
    >
  >;
  readonly #transactional: TransactionalParticipants;
  readonly #writers: readonly Writer[];
  readonly #relays: ReadonlyMap<string, ChannelRelay>;
  /** Channels whose transports say so. */
  readonly #answersSoon: ReadonlySet<string>;
  readonly #projector: Projector;
  readonly #ownership: Ownership;
  readonly #intake: Intake;
  readonly #inbox: InboxDrain;
  readonly #runEnds: RunEnds;
  readonly #runWatchers = new RunWatchers();
  readonly #pauses = new Pauses();
  readonly #jobs: Jobs;
  readonly #schedules: Schedules;
  /** Committed commands that a pause keeps from being sent. */
  #held: OutboxItem[] = [];
  readonly #upkeep: Upkeep;
  /** A stop is near. */
  #isLeaving = false;
  /** How many want that nothing new is sent. */
  #stills = 0;

  constructor(parts: RuntimeParts) {
    const { store, clock, log, options } = parts;
    this.#parts = parts;
    this.#flows = new FlowRegistry(parts.flows);
    this.#metrics = new EngineMetrics(parts.meter);
    this.#gauges = createGauges(parts.meter);
    this.#transactional = new TransactionalParticipants(parts.participants, clock, parts.tracer);
    this.#projector = new Projector({
      store,
      clock,
      log,
      intervalMs: options.projectionMs,
      pendingMax: options.projectionPendingMax,
    });
    this.#runEnds = new RunEnds({
      store,
      clock,
      waitersMax: options.waitersMax,
      peek: (runId) => this.#peek(runId),
    });
    this.#writers = Array.from({ length: options.writers }, (_, index) => this.#createWriter(index));
    this.#relays = new Map(
      parts.transports.map((transport) => [transport.channel, this.#createRelay(transport)]),
    );
    this.#answersSoon = new Set(
      parts.transports.filter(({ answersSoon }) => answersSoon === true).map(({ channel }) => channel),
    );
    this.#inbox = new InboxDrain({
      store,
      log,
      enqueue: (item) => this.#writerOf(item.lane).enqueue(item),
      refused: (input, answer) => this.#noteRefusal("inbox", input, answer),
    });
    this.#ownership = this.#createOwnership();
    this.#intake = this.#createIntake();
    this.#jobs = new Jobs({
      store,
      clock,
      log,
      callerMs: options.submitMs,
      nowMs: () => this.#ownership.nowMs(),
      submit: (input) => this.submit(input),
      preview: (run, operation) => this.preview(run, operation),
    });
    this.#upkeep = new Upkeep({
      store,
      clock,
      log,
      meter: parts.meter,
      retentionDays: options.retentionDays,
    });
    this.#schedules = new Schedules({
      store,
      log,
      lanes: parts.lanes,
      listDueTimes: parts.listDueTimes,
      flows: () => this.#flows.newest.values(),
      isPaused: (flow) => this.#pauses.isFlowPaused(flow),
      nowMs: () => this.#ownership.nowMs(),
      start: parts.start,
    });
  }

  get flows(): FlowRegistry {
    return this.#flows;
  }

  /** Joins the deployment; resolves when every lane has an owner. */
  async start(): Promise<void> {
    await this.#upkeep.start();
    // Before the first lane: what is paused is not sent even once.
    await this.readPauses();
    for (const writer of this.#writers) writer.start();
    await this.#ownership.start();
    for (const transport of this.#parts.transports) {
      await transport.start?.((reply, trace) => this.#takeReply(reply, trace));
    }
  }

  #takeReply(reply: ReplyMessage, trace?: TraceContext): Promise<TakenReply> {
    const refused = (input: LaneInput, answer: Answer) => this.#noteRefusal("transport", input, answer);
    const submit = (input: LaneInput): Promise<Answer> => this.submit(input);
    const keep = (input: LaneInput): Promise<void> => this.#intake.keep(input);
    return takeReply({ submit, keep, refused }, reply, trace);
  }

  /** What the rules refuse while nobody waits for an answer would go unseen. */
  #noteRefusal(source: "inbox" | "transport", input: LaneInput, answer: Answer): void {
    // What another version's engine is to take in is not refused: it waits.
    if (answer.outcome !== "rejected" || isUnserved(answer)) return;
    const { code, message } = answer.error;
    const event = input.kind === "event" ? { eventId: input.id, type: input.type } : commandOf(input);
    this.#metrics.inputRefused(source, code);
    this.#parts.log.warn({ runId: input.runId, input: input.kind, ...event, source, code }, message);
  }

  /**
   * Before a stop: the other engines get the lanes, each as soon as nothing of it is under way, and callers are served on by them through this
   * one. Bounded by `stopMs`; does nothing where there is no other engine.
   */
  async handOver(): Promise<void> {
    const { clock, options, log } = this.#parts;
    this.#isLeaving = true;
    const withinMs = options.stopMs / 2;
    // Another engine may have come since the last heartbeat.
    await this.#ownership.refresh(Math.min(withinMs, options.leaseMs));
    if (!this.#ownership.hasSuccessor) return;
    const beganMs = clock.monotonicMs();
    const lanes = this.#ownership.heldLanes;
    // What lasts longer is sent again by the next owner; the other half is for the lanes on their way.
    const goOn = await this.#standStill(withinMs / 2);
    const stillMs = clock.monotonicMs() - beganMs;
    await this.#ownership.handOver(withinMs / 2).finally(goOn);
    const movedMs = clock.monotonicMs() - beganMs - stillMs;
    log.info({ lanes, stillMs, movedMs, left: this.#ownership.heldLanes.length }, "lanes were handed over");
  }

  /** Another engine has given lanes up, or taken some: looks now, not at its next heartbeat. */
  lanesMoved(): void {
    this.#ownership.look();
  }

  /** Nothing new is sent, and what is under way is settled or had its time, until the answer is called. Inputs are taken in all the same. */
  async #standStill(withinMs: number): Promise<() => void> {
    const { clock } = this.#parts;
    const all = [...this.#relays.values(), ...this.#writers];
    const untilMs = clock.monotonicMs() + withinMs;
    this.#stills++;
    for (const relay of this.#relays.values()) relay.standStill();
    for (const writer of this.#writers) writer.drain();
    while (!this.#isSettled() && clock.monotonicMs() < untilMs) await this.#rest(DRAIN_LOOK_MS);
    return () => {
      if (--this.#stills === 0) for (const each of all) each.goOn();
    };
  }

  #isSettled(): boolean {
    return (
      [...this.#relays.values()].every(({ underWay }) => underWay === 0) &&
      this.#writers.every(({ hasSettlements }) => !hasSettlements)
    );
  }

  /** Stops in good order, bounded by `stopMs`: no more intake, nobody waits, batches and calls under way end, lanes are given up. */
  async stop(): Promise<void> {
    const { clock, options, transports } = this.#parts;
    const untilMs = clock.monotonicMs() + options.stopMs;
    const ownWork = Promise.all([this.#jobs.stop(), this.#schedules.stop()]);
    this.#intake.stop();
    this.#runEnds.stop();
    this.#upkeep.stop();
    await this.#before(untilMs, ownWork);
    for (const writer of this.#writers) writer.drain();
    while (!this.#isDrained() && clock.monotonicMs() < untilMs) await this.#rest(DRAIN_LOOK_MS);
    for (const relay of this.#relays.values()) relay.stop();
    await this.#before(untilMs, Promise.all(transports.map(async (transport) => transport.stop?.())));
    while (this.#writers.some((writer) => !writer.isIdle) && clock.monotonicMs() < untilMs)
      await this.#rest(DRAIN_LOOK_MS);
    await this.#projector.flush();
    await this.#ownership
      .stop()
      .catch((error: unknown) =>
        this.#parts.log.warn({ err: error }, "lanes could not be given up; their leases end by themselves"),
      );
    this.#projector.stop();
    for (const writer of this.#writers) await writer.stop();
  }

  async submit(input: LaneInput): Promise<Answer> {
    if (input.kind === "start") this.#pauses.assertStarts(input.flow);
    const { tracer } = this.#parts;
    if (!tracer.isOn) return this.#intake.submit(input);
    return submitTraced(tracer, input, (traced) => this.#intake.submit(traced));
  }

  /** Takes inputs that a peer has forwarded. */
  receive(inputs: readonly LaneInput[]): Promise<readonly PeerAnswer[]> {
    return Promise.all(
      inputs.map(async (input): Promise<PeerAnswer> => {
        try {
          return { answer: await this.#intake.submitForwarded(input) };
        } catch (error) {
          const { stack: _, ...plain } = toPlainError(error, "FLOW_UNEXPECTED");
          return { error: plain };
        }
      }),
    );
  }

  /** What an operation would make of a run as it is stored, without doing it. */
  async preview(
    run: Run,
    operation: Operation,
  ): Promise<{ readonly answer: Answer; readonly run: Run | null }> {
    const { store, options, lanes } = this.#parts;
    const work = new BatchWork(this.#flows, options, lanes, this.#ownership.nowMs());
    work.hold(run.runId, { run, seen: new Map() });
    if (run.parked !== null) {
      const letters = await store.listDeadLetters({ runId: run.runId, limit: options.entriesMax });
      work.holdLetters(run.runId, letters.items);
    }
    const { runId } = run;
    const answer = work.apply({
      kind: "operation",
      runId,
      id: "preview",
      operation,
      by: "preview",
      reason: null,
    });
    return { answer, run: work.runOf(runId) };
  }

  /** What a job would do to a page of its runs. */
  async previewJob(
    plan: Pick<JobPlan, "operation" | "filter">,
    cursor: string | null,
    limit: number,
  ): Promise<Page<JobExample>> {
    const { store } = this.#parts;
    const page = await listJobPage(store, plan, cursor, limit);
    const preview = (run: Run, operation: Operation) => this.preview(run, operation);
    return { items: await previewRuns({ store, preview }, plan, page.items), cursor: page.cursor };
  }

  waitFinal(runId: string, waitMs: number, signal?: AbortSignal): Promise<Run | null> {
    return this.#runEnds.wait(runId, waitMs, signal);
  }

  /** Calls back whenever this process has written the run; the answer ends that. What others write goes unnoticed. */
  watch(runId: string, written: () => void): () => void {
    return this.#runWatchers.add(runId, written);
  }

  readiness(): true | string {
    if (this.#isLeaving) return "the engine is about to stop";
    for (const { failure } of this.#writers) if (failure !== null) return `batches fail: ${failure}`;
    for (const transport of this.#parts.transports) {
      const health = transport.health?.() ?? true;
      if (health !== true) return `channel ${transport.channel}: ${health}`;
    }
    return this.#ownership.readiness();
  }

  /** Brings the gauges up to date. */
  async measure(): Promise<void> {
    const totals = await this.#parts.store.totals();
    this.#gauges.outboxDepth.set({}, totals.outboxDepth);
    this.#gauges.outboxAge.set({}, totals.outboxAgeMs / 1_000);
    this.#gauges.timersDue.set({}, totals.timersDue);
    this.#gauges.parked.set({}, totals.parkedRuns);
    this.#gauges.stuck.set({}, totals.stuckRuns);
    this.#gauges.inbox.set({}, totals.inbox);
    this.#gauges.queue.set(
      {},
      this.#writers.reduce((sum, writer) => sum + writer.depth, 0),
    );
    this.#gauges.lanes.set({}, this.#ownership.heldLanes.length);
    this.#gauges.projection.set({}, this.#projector.lag);
    this.#gauges.waiters.set({}, this.#runEnds.size);
  }

  #runWritten(run: Run): void {
    this.#runWatchers.tell(run.runId);
    if (run.outcome !== null) this.#runEnds.end(run);
  }

  #createWriter(index: number): Writer {
    const { store, clock, log, tracer, lanes, options } = this.#parts;
    return new Writer({
      tracer,
      laneCount: lanes,
      pauses: this.#pauses,
      name: `w${index}`,
      clock,
      log,
      options: {
        ...options,
        cachedRunsMax: Math.ceil(options.cachedRunsMax / options.writers),
        cachedBytesMax: Math.ceil(options.cachedBytesMax / options.writers),
      },
      flows: this.#flows,
      participants: this.#transactional,
      projector: this.#projector,
      metrics: this.#metrics,
      openConnection: () => store.openWriter(`w${index}`),
      storeNowMs: () => this.#ownership.nowMs(),
      timerHorizonMs: () => this.#ownership.timerHorizonMs(),
      relay: (items) => this.#relayAll(items),
      runWritten: (run) => this.#runWritten(run),
      lanesLost: (lanes) => this.#ownership.forget(lanes),
      reroute: (item) => this.#intake.reroute(item),
    });
  }

  #createRelay(transport: Transport): ChannelRelay {
    return new ChannelRelay(transport, {
      log: this.#parts.log,
      tracer: this.#parts.tracer,
      hold: (item) => this.#holdBack(item),
      isWanted: (item) => this.#writerOf(item.lane).wants(item),
      settled: (item, settlement, trace) => this.#settled(item, settlement, trace),
    });
  }

  #createOwnership(): Ownership {
    const { store, clock, log, engineId, lanes, options } = this.#parts;
    return new Ownership({
      store,
      clock,
      log,
      engineId,
      address: options.address,
      lanes,
      leaseMs: options.leaseMs,
      serves: this.#flows.all.map(({ name, version }) => `${name}@${version}`),
      timersReadMax: options.timersReadMax,
      standsStill: (timer) => this.#standsStill(timer),
      writerOf: (lane) => this.#writerOf(lane),
      install: (lane, timers, runs) => this.#install(lane, timers, runs),
      removed: (lane) => this.#remove(lane),
      caughtUp: (claimed) => this.#projectAgain(claimed),
      tend: (held) => this.#tend(held),
      lanesLost: (count) => this.#metrics.lanesLost(count),
      standStill: (withinMs) => this.#standStill(withinMs),
      lanesMoved: (addresses) => this.#tellLanesMoved(addresses),
    });
  }

  #tellLanesMoved(addresses: readonly string[]): void {
    const { peers, log } = this.#parts;
    for (const address of addresses)
      peers
        ?.lanesMoved?.(address)
        .catch((error: unknown) =>
          log.debug({ address, err: error }, "an engine was not told of moved lanes"),
        );
  }

  #createIntake(): Intake {
    const { store, clock, log, engineId, lanes, options, peers } = this.#parts;
    return new Intake({
      store,
      clock,
      log,
      flows: this.#flows,
      limits: options,
      engineId,
      lanes,
      submitMs: options.submitMs,
      inboxRowsMax: options.inboxRowsMax,
      // Long enough for a takeover, short enough that a caller is answered before it gives up.
      ownerWaitMs: Math.min(2 * options.leaseMs, options.submitMs / 2),
      directory: this.#ownership,
      forwarding: peers === null ? null : new Forwarding(peers),
      writerOf: (lane) => this.#writerOf(lane),
    });
  }

  #writerOf(lane: number): Writer {
    const writer = this.#writers[lane % this.#writers.length];
    if (writer === undefined) throw engineError("FLOW_UNEXPECTED", `no writer for lane ${lane}`);
    return writer;
  }

  #peek(runId: string): Run | undefined {
    for (const writer of this.#writers) {
      const run = writer.peek(runId);
      if (run !== undefined) return run;
    }
    return undefined;
  }

  #install(lane: ClaimedLane, timers: readonly TimerRow[], { found, faults }: UnsettledRuns): void {
    this.#writerOf(lane.laneId).install(lane, timers);
    for (const row of lane.unpublished) {
      const fault = faults.get(row.runId);
      if (fault !== undefined) {
        this.#noteUnreadable(row, fault);
        continue;
      }
      const run = found.get(row.runId);
      // Its command is somebody else's to send, and its row stays until that one has the lane.
      if (run !== undefined && this.#flows.get(run.flow, run.flowVersion) === undefined) {
        this.#noteUnserved(run, row.commandId);
        continue;
      }
      const due = this.#dueOf(row.commandId, row.attempt, run);
      if (due === null) this.#settleNothing(row.lane, row.position, row.runId);
      else this.#relayAll([{ lane: row.lane, epoch: lane.epoch, position: row.position, due }]);
    }
  }

  #noteUnserved({ runId, flow, flowVersion }: Run, commandId: string): void {
    this.#parts.log.error(
      { runId, flow, flowVersion, commandId },
      "a command waits for an engine that serves the version of its run; this one does not",
    );
  }

  #noteUnreadable({ runId, commandId }: OutboxRow, fault: string): void {
    this.#parts.log.error(
      { runId, commandId, fault },
      `a command waits until run ${runId} can be read; it is sent by whoever takes its lane over after that`,
    );
  }

  /** Whether a timer is kept from firing by a pause, or is of a version for another engine. One of a run that is gone fires, and is told. */
  #standsStill({ flow, flowVersion, state }: StoredTimer): boolean {
    if (flow === "") return false;
    return (
      this.#flows.get(flow, flowVersion) === undefined ||
      (this.#pauses.any && this.#pauses.isStatePaused(flow, state))
    );
  }

  #dueOf(commandId: string, attempt: number, run: Run | undefined): DueCommand | null {
    const command = run?.commands.find(
      (each) => each.id === commandId && each.attempt === attempt && each.phase === "sending",
    );
    const flow = run === undefined ? undefined : this.#flows.get(run.flow, run.flowVersion);
    if (run === undefined || command === undefined || flow === undefined) return null;
    return { runId: run.runId, lane: run.lane, flow, command, state: run.state, trace: run.trace };
  }

  #remove(lane: number): void {
    this.#writerOf(lane).drop(lane);
    this.#projector.forgetLane(lane);
    for (const relay of this.#relays.values()) relay.dropLane(lane);
    this.#held = this.#held.filter((item) => item.lane !== lane);
  }

  /** What waits for its owner to look. Jobs and schedules go on beside the heartbeat: they wait for commits, and it must not. */
  async #tend(held: readonly number[]): Promise<void> {
    await this.readPauses();
    await this.#inbox.drain(held);
    this.#aside(this.#jobs.tend(held), "jobs");
    this.#aside(this.#schedules.serve(held), "schedules");
  }

  #aside(work: Promise<void>, what: string): void {
    work.catch((error: unknown) =>
      this.#parts.log.warn({ err: error }, `${what} could not be looked after and are looked at again`),
    );
  }

  /** Takes what is paused now; what a lifted pause has kept goes on. */
  async readPauses(): Promise<void> {
    if (!this.#pauses.update(await this.#parts.store.listPauses())) return;
    this.#ownership.readTimersAgain();
    this.#relayAll(this.#held.splice(0));
  }

  /** Whether a pause keeps a command; if so it is sent when that is lifted. */
  #holdBack(item: OutboxItem): boolean {
    const isHeld = this.#isHeld(item.due);
    if (isHeld) this.#held.push(item);
    return isHeld;
  }

  #isHeld(due: DueCommand): boolean {
    // A run that is not in memory is where it was when the command was sent: leaving a state withdraws what it waits for.
    const state = this.#writerOf(due.lane).peek(due.runId)?.state ?? due.state;
    return this.#pauses.any && this.#pauses.holds(due, state);
  }

  async #projectAgain(claimed: readonly ClaimedLane[]): Promise<void> {
    const lanes = claimed.map(({ laneId, projectedAtMs }) => ({
      laneId,
      sinceMs: projectedAtMs - CLOCK_MARGIN_MS,
    }));
    this.#projector.addRows(await this.#parts.store.listWritten(lanes));
  }

  #relayAll(items: readonly OutboxItem[]): void {
    const free = items.filter((item) => !this.#holdBack(item));
    for (const [channel, together] of Map.groupBy(free, ({ due }) => due.command.channel)) {
      const relay = this.#relays.get(channel);
      if (relay !== undefined) relay.push(together);
      else for (const item of together) this.#callInBatch(item);
    }
  }

  /** Of a transactional participant. */
  #callInBatch({ lane, position, due: { runId, command } }: OutboxItem): void {
    const call = { commandId: command.id, attempt: command.attempt };
    this.#writerOf(lane).enqueue({ lane, runId, input: null, position, call });
  }

  #settled(
    { lane, epoch, position, due }: OutboxItem,
    settlement: Settlement,
    trace: TraceContext | undefined,
  ): void {
    const writer = this.#writerOf(lane);
    this.#metrics.commandSettled(due.command.channel, settlement.type);
    // Under another epoch the outbox row is somebody else's to settle, and will be.
    if (writer.epochOf(lane) !== epoch) return;
    const { runId, command } = due;
    const input = {
      kind: "settled",
      runId,
      commandId: command.id,
      attempt: command.attempt,
      settlement,
    } as const;
    const item = { lane, runId, position, input: trace === undefined ? input : { ...input, trace } };
    if (settlement.type === "delivered" && this.#answersSoon.has(command.channel)) writer.enqueueLate(item);
    else writer.enqueue(item);
  }

  /** An outbox row whose run waits for it no more. */
  #settleNothing(lane: number, position: number, runId: string): void {
    this.#writerOf(lane).enqueue({ lane, runId, position, input: null });
  }

  #isDrained(): boolean {
    return (
      this.#writers.every((writer) => writer.isIdle) &&
      [...this.#relays.values()].every((relay) => relay.isIdle)
    );
  }

  /** Waits for work that somebody else bounds, or does not, but no longer than until then. */
  async #before(untilMs: number, work: Promise<unknown>): Promise<void> {
    const { clock, log } = this.#parts;
    const ended = work.catch((error: unknown) =>
      log.warn({ err: error }, "something did not stop in good order"),
    );
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const disarm = clock.schedule(Math.max(0, untilMs - clock.monotonicMs()), resolve);
    await Promise.race([ended, over]);
    disarm();
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.schedule(ms, resolve));
  }
}

function commandOf(input: LaneInput): object {
  return input.kind === "settled" ? { commandId: input.commandId, attempt: input.attempt } : {};
}

function createGauges(meter: MeterPort) {
  return {
    outboxDepth: meter.gauge("sluice_outbox_depth", "Commands committed and not settled.", []),
    outboxAge: meter.gauge("sluice_outbox_age_seconds", "Age of the oldest unsettled command.", []),
    timersDue: meter.gauge("sluice_timers_due", "Timers whose time has come and that have not fired.", []),
    parked: meter.gauge("sluice_parked_runs", "Runs that wait for an operator.", []),
    stuck: meter.gauge(
      "sluice_stuck_runs",
      "Runs that have been in their state for a quarter of an hour or longer.",
      [],
    ),
    inbox: meter.gauge("sluice_inbox_depth", "Inputs in the durable inbox.", []),
    queue: meter.gauge("sluice_queue_depth", "Inputs that wait for a batch in this process.", []),
    lanes: meter.gauge("sluice_lanes_owned", "Lanes this process owns.", []),
    projection: meter.gauge("sluice_projection_lag_runs", "Runs whose search projection is behind.", []),
    waiters: meter.gauge("sluice_waiting_callers", "Callers that wait for a run to end.", []),
  };
}
