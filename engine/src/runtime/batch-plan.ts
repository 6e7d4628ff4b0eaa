/**
 * What a batch is going to write, and to tell whom: everything between taking inputs and committing them.
 * Reads runs and calls transactional participants through the batch; changes nothing in memory but the event ids of cached runs,
 * which their owner evicts when the batch fails.
 */
import type { Answer } from "../core/decision.ts";
import { engineError } from "../core/errors.ts";
import { FLOW_CHANNEL } from "../core/flow.ts";
import type { LaneInput } from "../core/inputs.ts";
import type { Batch, BatchWrites, LaneStep, LoadedRun, LogPort, OutboxRow } from "../core/ports.ts";
import { readReadable, rejectUnreadable } from "../core/unreadable.ts";
import { historyRow, timerChanges } from "./batch-work.ts";
import type { BatchWork, DueCommand } from "./batch-work.ts";
import { childRunId, startChild } from "./family.ts";
import type { FlowRegistry } from "./flow-registry.ts";
import type { OwnedLane } from "./lane.ts";
import type { ResolvedEngineOptions } from "./options.ts";
import type { Settled, TransactionalParticipants } from "./participants.ts";
import type { Pauses } from "./pauses.ts";
import type { OutboxItem, QueueItem } from "./queue-item.ts";
import type { RunCache } from "./run-cache.ts";

export interface BatchPlan {
  readonly work: BatchWork;
  readonly items: readonly QueueItem[];
  /** One per item, which are the first of those that were offered. */
  readonly answers: readonly Answer[];
  readonly writes: BatchWrites;
  readonly outbox: readonly OutboxItem[];
  /** Outbox positions that this batch settles, by lane. */
  readonly settled: SettledPositions;
  /** The lanes under whose epochs it was decided. */
  readonly lanes: ReadonlyMap<number, OwnedLane>;
}

export type SettledPositions = ReadonlyMap<number, ReadonlySet<number>>;

export interface PlanParts {
  readonly flows: FlowRegistry;
  readonly options: ResolvedEngineOptions;
  readonly participants: TransactionalParticipants;
  readonly log: LogPort;
  /**
   * The lanes as they were owned when the batch took its inputs. One that is lost meanwhile keeps its step, and one that is lost and
   * won again keeps its former epoch: so the fence refuses what was decided before.
   */
  readonly lanes: ReadonlyMap<number, OwnedLane>;
  readonly cache: RunCache;
  readonly pauses: Pauses;
  /** Of the deployment. */
  readonly laneCount: number;
  readonly nowMs: number;
}

export const STALE: Answer = { outcome: "stale" };
export const NO_POSITIONS: ReadonlySet<number> = new Set();

/** Decides items in order, within the batch's transaction: all that are offered, unless they are more than a batch may hold. */
export async function planBatch(
  parts: PlanParts,
  batch: Batch,
  work: BatchWork,
  offered: readonly QueueItem[],
): Promise<BatchPlan> {
  const answers = await applyItems(parts, batch, work, offered);
  const items = offered.slice(0, answers.length);
  await settleFamilies(parts, batch, work);
  const calls = callsFromOutbox(items, work);
  const [callable, kept] = splitCalls(calls, (due) => isCarriedOutHere(parts, work, due));
  const leftOver = [...kept, ...(await callParticipants(parts, batch, work, callable))];
  const outbox = outboxItems(
    parts,
    leftOver.filter((each) => work.isStillDue(each)),
  );
  const settled = settledPositions(items, answers);
  return {
    work,
    items,
    answers,
    writes: collectWrites(parts, work, items, answers, outbox, settled),
    outbox,
    settled,
    lanes: parts.lanes,
  };
}

/** How many runs are read at once: enough to save exchanges, few enough that the largest of them fit into memory. */
const RUNS_READ_MAX = 64;

/** One answer for each item that was taken: the first always is, and none after the batch has grown beyond `batchBytesMax`. */
async function applyItems(
  parts: PlanParts,
  batch: Batch,
  work: BatchWork,
  items: readonly QueueItem[],
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let from = 0; from < items.length; from += RUNS_READ_MAX) {
    const portion = items.slice(from, from + RUNS_READ_MAX);
    await loadRuns(parts, batch, work, portion);
    await loadLetters(
      batch,
      work,
      portion.map(({ input }) => input),
    );
    for (const item of portion) {
      if (work.bytes > parts.options.batchBytesMax) return answers;
      answers.push(isHeld(parts, work, item) ? STALE : applyItem(parts, work, item));
    }
  }
  return answers;
}

/** Brings in runs: from the cache, or from the store in one read. */
async function loadRuns(
  { cache }: PlanParts,
  batch: Batch,
  work: BatchWork,
  runs: readonly Pick<QueueItem, "runId" | "isNew">[],
): Promise<void> {
  const missing: string[] = [];
  for (const { runId, isNew } of runs) {
    if (work.holds(runId)) continue;
    const cached = cache.get(runId);
    work.hold(runId, cached ?? null);
    if (cached === undefined && isNew !== true) missing.push(runId);
  }
  if (missing.length === 0) return;
  const { items, faults } = await readReadable<LoadedRun>(missing, (runIds) => batch.loadRuns(runIds));
  for (const loaded of items) work.hold(loaded.run.runId, loaded);
  for (const [runId, fault] of faults) work.hold(runId, null, rejectUnreadable(runId, fault));
}

/** Brings in the dead letters that operations are about. */
async function loadLetters(
  batch: Batch,
  work: BatchWork,
  inputs: readonly (LaneInput | null)[],
): Promise<void> {
  const operations = inputs.filter((input) => input?.kind === "operation");
  const runIds = [...new Set(operations.map(({ runId }) => runId))].filter((runId) =>
    work.needsLetters(runId),
  );
  if (runIds.length === 0) return;
  const { items, faults } = await readReadable(runIds, (asked) => batch.loadDeadLetters(asked));
  const byRun = Map.groupBy(items, ({ runId }) => runId);
  for (const runId of runIds) {
    const fault = faults.get(runId);
    if (fault === undefined) work.holdLetters(runId, byRun.get(runId) ?? []);
    else work.missLetters(runId, rejectUnreadable(runId, fault));
  }
}

/** A child that is canceled may be over, may not have begun, or may be canceled already. */
const EXPECTED_OF_FAMILY: ReadonlySet<string> = new Set([
  "FLOW_RUN_FINAL",
  "FLOW_UNKNOWN_RUN",
  "FLOW_COMPENSATING",
]);

/** What a run's change means to the runs it started and the one that started it, generation by generation. */
async function settleFamilies(parts: PlanParts, batch: Batch, work: BatchWork): Promise<void> {
  for (let inputs = work.takeInputs(); inputs.length > 0; inputs = work.takeInputs()) {
    await loadRuns(parts, batch, work, inputs);
    await loadLetters(batch, work, inputs);
    for (const input of inputs) {
      const answer = work.apply(input);
      if (isKept(answer)) work.leave(input);
      if (answer.outcome !== "rejected" || isKept(answer)) continue;
      const { code, message } = answer.error;
      const level = EXPECTED_OF_FAMILY.has(code) ? "debug" : "error";
      parts.log[level]({ runId: input.runId, code }, message);
    }
  }
}

/** Whether a pause keeps a timer from firing. Its row stays in the store, and is read again when the pause is lifted. */
function isHeld({ pauses }: PlanParts, work: BatchWork, { input }: QueueItem): boolean {
  if (!pauses.any || input?.kind !== "timer") return false;
  const run = work.runOf(input.runId);
  return run !== null && pauses.isStatePaused(run.flow, run.state);
}

function applyItem({ log }: PlanParts, work: BatchWork, item: QueueItem): Answer {
  if (item.input === null) return answerCall(work, item);
  const answer = work.apply(item.input);
  if (answer.outcome === "rejected" && item.inboxId !== undefined) work.noteRefused(item.input, answer.error);
  // Nobody waits for the answer to an input of our own, so a refusal would go unseen.
  if (answer.outcome === "rejected" && item.answer === undefined) {
    log.error({ runId: item.runId, input: item.input.kind, code: answer.error.code }, answer.error.message);
  }
  return answer;
}

/** A call of a run that cannot be read is not made, and nothing is settled by that. */
function answerCall(work: BatchWork, { runId, call }: QueueItem): Answer {
  const fault = call === undefined ? null : work.faultOf(runId);
  return fault === null ? STALE : { outcome: "rejected", error: fault };
}

/** Rounds of calls: answers may issue further transactional commands. Answers what is left for the outbox. */
async function callParticipants(
  parts: PlanParts,
  batch: Batch,
  work: BatchWork,
  first: readonly DueCommand[],
): Promise<DueCommand[]> {
  const { participants, options } = parts;
  const forOutbox: DueCommand[] = [];
  let calls = [...first];
  for (let round = 0; ; round++) {
    for (const due of work.takeDue()) (isCarriedOutHere(parts, work, due) ? calls : forOutbox).push(due);
    if (calls.length === 0) return forOutbox;
    // What is left after the last round goes on in the next batch, by way of the outbox.
    if (round === options.roundsMax) return [...forOutbox, ...calls];
    const [children, asked] = splitCalls(calls, ({ command }) => command.channel === FLOW_CHANNEL);
    calls = [];
    const settled: readonly Settled[] = [
      ...(await startChildren(parts, batch, work, children)),
      ...(await participants.call(batch, asked)),
    ];
    for (const each of settled) work.apply(settledInput(each));
    await settleFamilies(parts, batch, work);
  }
}

function settledInput({ due, settlement, trace }: Settled): LaneInput {
  const { id, attempt } = due.command;
  const input = { kind: "settled", runId: due.runId, commandId: id, attempt, settlement } as const;
  return trace === undefined ? input : { ...input, trace };
}

/** Whether the batch itself carries a command out. A pause sends it to the outbox, where it is kept. */
function isCarriedOutHere({ participants, pauses }: PlanParts, work: BatchWork, due: DueCommand): boolean {
  const { channel } = due.command;
  if (channel !== FLOW_CHANNEL && !participants.serves(channel)) return false;
  return !pauses.any || !pauses.holds(due, work.runOf(due.runId)?.state ?? due.state);
}

function splitCalls(
  calls: readonly DueCommand[],
  isFirst: (due: DueCommand) => boolean,
): readonly [first: DueCommand[], others: DueCommand[]] {
  return [calls.filter(isFirst), calls.filter((due) => !isFirst(due))];
}

async function startChildren(
  parts: PlanParts,
  batch: Batch,
  work: BatchWork,
  calls: readonly DueCommand[],
): Promise<Settled[]> {
  if (calls.length === 0) return [];
  const children = calls.map((due) => ({
    due,
    runId: childRunId(due.command.id, due.lane, parts.laneCount),
    // Its first attempt is committed with its start, or not at all.
    isNew: due.command.attempt === 1,
  }));
  await loadRuns(parts, batch, work, children);
  return children.map(({ due, runId }) => ({ due, settlement: startChild(work, due, runId) }));
}

/**
 * Transactional commands that former batches left to the outbox and that their runs still wait for. A lane that was lost and won again
 * brings its commands a second time while the first may still be queued; called twice in one batch they would take effect twice.
 */
function callsFromOutbox(items: readonly QueueItem[], work: BatchWork): DueCommand[] {
  const calls = new Map<string, DueCommand>();
  for (const item of items) {
    const due = dueFromOutbox(item, work);
    if (due !== null) calls.set(due.command.id, due);
  }
  return [...calls.values()];
}

function dueFromOutbox({ runId, lane, call }: QueueItem, work: BatchWork): DueCommand | null {
  const run = call === undefined ? null : work.runOf(runId);
  const flow = run === null ? undefined : work.flowOf(run);
  const command = run?.commands.find(
    ({ id, attempt, phase }) => id === call?.commandId && attempt === call.attempt && phase === "sending",
  );
  if (run === null || flow === undefined || command === undefined) return null;
  return { runId, lane, flow, command, state: run.state, trace: run.trace };
}

/** Gives each command its place in its lane's outbox. */
function outboxItems({ lanes }: PlanParts, due: readonly DueCommand[]): OutboxItem[] {
  const added = new Map<number, number>();
  const items: OutboxItem[] = [];
  for (const each of due) {
    const lane = requireLane(lanes, each.lane);
    const count = (added.get(each.lane) ?? 0) + 1;
    added.set(each.lane, count);
    items.push({ lane: each.lane, epoch: lane.epoch, position: lane.outboxPosition + count, due: each });
  }
  return items;
}

function settledPositions(items: readonly QueueItem[], answers: readonly Answer[]): Map<number, Set<number>> {
  const settled = new Map<number, Set<number>>();
  for (const [at, { lane, position }] of items.entries()) {
    if (position === undefined || isKept(answers[at])) continue;
    const positions = settled.get(lane);
    if (positions === undefined) settled.set(lane, new Set([position]));
    else positions.add(position);
  }
  return settled;
}

function collectWrites(
  { lanes }: PlanParts,
  work: BatchWork,
  items: readonly QueueItem[],
  answers: readonly Answer[],
  outbox: readonly OutboxItem[],
  settled: SettledPositions,
): BatchWrites {
  const changed = work.changed();
  const inboxTaken = items.flatMap(({ inboxId }, at) =>
    inboxId === undefined || isKept(answers[at]) ? [] : [inboxId],
  );
  const timers = changed.map(({ work: { stored }, run }) => timerChanges(stored, run));
  const touched = new Set([...changed.map(({ run }) => run.lane), ...settled.keys()]);
  for (const [at, item] of items.entries())
    if (item.inboxId !== undefined || isDismissed(item, answers[at])) touched.add(item.lane);
  return {
    lanes: laneSteps(lanes, touched, outbox, settled),
    runs: changed.map(({ run }) => run),
    history: changed.map(historyRow),
    outbox: outbox.map(outboxRow),
    timersSet: timers.flatMap(({ set }) => set),
    timersCleared: timers.flatMap(({ cleared }) => cleared),
    deadLetters: work.deadLetters,
    deadLettersTaken: work.deadLettersTaken,
    inboxTaken,
    inboxAdded: work.inboxAdded,
    atMs: work.nowMs,
  };
}

/**
 * Whether somebody may forget a reply on our word, although it changes nothing. That needs the fence as much as a change does: an owner that
 * has lost its lane and has not heard of it knows the run as it was, before the command that the reply is about.
 */
function isDismissed({ input, answer }: QueueItem, told: Answer | undefined): boolean {
  if (input?.kind !== "settled" || answer === undefined || isKept(told)) return false;
  return told?.outcome === "stale" || told?.outcome === "rejected";
}

/** An input that stays in the store, as row of the inbox or of the outbox: for an engine that serves its run's version, or until its run can be read. */
function isKept(answer: Answer | undefined): boolean {
  return isUnserved(answer) || isUnreadable(answer);
}

/** An input for a run whose row nobody can read. */
export function isUnreadable(answer: Answer | undefined): boolean {
  return answer?.outcome === "rejected" && answer.error.code === "FLOW_UNREADABLE";
}

/** An input for a version that this engine does not serve. */
export function isUnserved(answer: Answer | undefined): boolean {
  return answer?.outcome === "rejected" && answer.error.code === "FLOW_VERSION_UNSERVED";
}

function laneSteps(
  lanes: ReadonlyMap<number, OwnedLane>,
  touched: ReadonlySet<number>,
  outbox: readonly OutboxItem[],
  settled: SettledPositions,
): LaneStep[] {
  const added = new Map<number, number>();
  for (const { lane } of outbox) added.set(lane, (added.get(lane) ?? 0) + 1);
  return [...touched].map((laneId) =>
    requireLane(lanes, laneId).step(added.get(laneId) ?? 0, settled.get(laneId) ?? NO_POSITIONS),
  );
}

function requireLane(lanes: ReadonlyMap<number, OwnedLane>, laneId: number): OwnedLane {
  const lane = lanes.get(laneId);
  if (lane === undefined)
    throw engineError(
      "FLOW_UNEXPECTED",
      `a batch writes to lane ${laneId}, which its writer did not own when it began`,
    );
  return lane;
}

function outboxRow({ lane, position, due }: OutboxItem): OutboxRow {
  return { lane, position, runId: due.runId, commandId: due.command.id, attempt: due.command.attempt };
}
