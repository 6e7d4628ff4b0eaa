/**
 * What one batch has decided so far: the runs it touches, folded, and everything that must be written for them.
 * Knows no store and no clock; the writer feeds it inputs and asks for the writes.
 */
import type { TraceContext } from "@sluice/contracts/broker-message";
import { decide } from "../core/decide.ts";
import type { Answer, Decision, KnownRun, Limits, Rejection } from "../core/decision.ts";
import type { LaneInput, Operation, OperationInput } from "../core/inputs.ts";
import type { CompiledFlow } from "../core/compile-flow.ts";
import { toPlainError } from "../core/errors.ts";
import type { EngineErrorCode, PlainError } from "../core/errors.ts";
import { noteRefused } from "../core/rules/refused.ts";
import { seenBy } from "../core/seen.ts";
import type { HistoryEntry } from "../core/history.ts";
import type { DeadLetterRow, HistoryRow, InboxRow, LoadedRun, SeenEvent, TimerRow } from "../core/ports.ts";
import { laneOf } from "../core/lane.ts";
import { activeTimers } from "../core/run.ts";
import { familyInputs, inboxIdOf } from "./family.ts";
import type { FamilyInput } from "./family.ts";
import { roughInputBytes } from "../core/rough-bytes.ts";
import type { PendingCommand, Run, RunTimer } from "../core/run.ts";
import type { FlowRegistry } from "./flow-registry.ts";

/** A run in the hands of a batch: as it was stored, and as it is now. */
export interface WorkRun {
  readonly stored: Run | null;
  run: Run | null;
  readonly seen: Map<string, SeenEvent>;
  readonly entries: HistoryEntry[];
  /** Why it cannot be read. Nothing is decided about it then. */
  fault: Rejection | null;
  /** Why its dead letters cannot be read, for an operation that needs them. */
  lettersFault: Rejection | null;
  /** The run's dead letters as far as an operation needs them: those loaded, and those this batch has made. */
  letters: DeadLetterRow[];
  hasStoredLetters: boolean;
}

/** A command whose next attempt this batch owes: to a transactional participant at once, to any other through the outbox. */
export interface DueCommand {
  readonly runId: string;
  readonly lane: number;
  readonly flow: CompiledFlow;
  readonly command: PendingCommand;
  /** Of its run, when it was sent. */
  readonly state: string;
  /** What an attempt of it is part of. */
  readonly trace: TraceContext | undefined;
}

/** A history entry with what log and trace tell of it beside: history keeps no stack. */
export interface Note {
  /** As it was before; null for one that has begun. */
  readonly before: Run | null;
  readonly run: Run;
  readonly input: LaneInput;
  readonly entry: HistoryEntry;
  /** The error in full, where the entry tells of one. */
  readonly error: PlainError | null;
}

/** A transition as a watcher sees it. */
export interface Transition {
  readonly flow: string;
  readonly from: string;
  readonly to: string;
  readonly inStateMs: number;
}

export class BatchWork {
  readonly nowMs: number;
  /** Of the deployment. */
  readonly lanes: number;
  readonly #flows: FlowRegistry;
  readonly #limits: Limits;
  readonly #runs = new Map<string, WorkRun>();
  readonly transitions: Transition[] = [];
  /** Made by this batch and not taken in again by it. */
  deadLetters: DeadLetterRow[] = [];
  readonly deadLettersTaken: Pick<DeadLetterRow, "runId" | "version">[] = [];
  /** What follows for runs whose version is not served here. */
  readonly inboxAdded: InboxRow[] = [];
  readonly notes: Note[] = [];
  unexpectedEvents = 0;
  /** What the batch writes, about. */
  bytes = 0;
  #due: DueCommand[] = [];
  #inputs: FamilyInput[] = [];

  constructor(flows: FlowRegistry, limits: Limits, lanes: number, nowMs: number) {
    this.#flows = flows;
    this.lanes = lanes;
    this.#limits = limits;
    this.nowMs = nowMs;
  }

  /** Brings a stored run in; null when the store has none, or none that can be read. */
  hold(runId: string, loaded: LoadedRun | null, fault: Rejection | null = null): void {
    const seen = loaded === null ? new Map<string, SeenEvent>() : (loaded.seen as Map<string, SeenEvent>);
    this.#runs.set(runId, {
      stored: loaded?.run ?? null,
      run: loaded?.run ?? null,
      seen,
      entries: [],
      fault,
      lettersFault: null,
      letters: [],
      hasStoredLetters: false,
    });
  }

  /** Whether the store has dead letters of a held run that are not brought in yet: those of a run that was parked before this batch. */
  needsLetters(runId: string): boolean {
    const work = this.#runs.get(runId);
    return work?.stored?.parked != null && !work.hasStoredLetters;
  }

  /** Brings in all stored dead letters of a held run, in order. */
  holdLetters(runId: string, letters: readonly DeadLetterRow[]): void {
    const work = this.#runs.get(runId);
    if (work === undefined) return;
    work.letters = [...letters, ...work.letters];
    work.hasStoredLetters = true;
  }

  /** Takes note that what the store has of a held run's dead letters cannot be read. */
  missLetters(runId: string, fault: Rejection): void {
    const work = this.#runs.get(runId);
    if (work !== undefined) work.lettersFault = fault;
  }

  /** Why a held run cannot be read; null when it can. */
  faultOf(runId: string): Rejection | null {
    return this.#runs.get(runId)?.fault ?? null;
  }

  holds(runId: string): boolean {
    return this.#runs.has(runId);
  }

  runOf(runId: string): Run | null {
    return this.#runs.get(runId)?.run ?? null;
  }

  flowOf(run: Run): CompiledFlow | undefined {
    return this.#flows.get(run.flow, run.flowVersion);
  }

  /** Applies one input to its run, which must be held. */
  apply(input: LaneInput): Answer {
    const work = this.#runs.get(input.runId);
    if (work === undefined) throw new Error(`run ${input.runId} is not held by the batch`);
    const fault = work.fault ?? (input.kind === "operation" ? work.lettersFault : null);
    if (fault !== null) return { outcome: "rejected", error: fault };
    const pinned = versionFor(work.run, input);
    const flow = pinned === null ? undefined : this.#flows.get(pinned.flow, pinned.flowVersion);
    if (flow === undefined)
      return pinned === null
        ? unknownRun(input.runId)
        : isMigration(input)
          ? missingTarget(pinned.flow, pinned.flowVersion)
          : unservedVersion(pinned.flow, pinned.flowVersion);
    const known = this.#knownRun(work, input);
    let decision: Decision;
    try {
      decision = decide(flow, known, input, this.nowMs, this.#limits);
    } catch (error) {
      const fault = toPlainError(error, "FLOW_UNEXPECTED");
      return {
        outcome: "rejected",
        error: { code: "FLOW_UNEXPECTED", message: fault.message, fields: { runId: input.runId } },
      };
    }
    this.#fold(work, flow, decision, input);
    if (decision.letters !== undefined) this.#takeLetters(work, decision.letters);
    return decision.answer;
  }

  /**
   * Writes into a run's history that an input was refused which its sender was told is kept. One of a version that is not served stays in
   * the durable inbox, and a history that is full has no room for it.
   */
  noteRefused(input: LaneInput, error: Rejection): void {
    const work = this.#runs.get(input.runId);
    const flow = work?.run == null ? undefined : this.flowOf(work.run);
    if (work?.run == null || flow === undefined || UNNOTED.has(error.code)) return;
    // An operation is a row of the audit, which says how it ended.
    if (input.kind !== "start" && input.kind !== "event") return;
    this.#fold(work, flow, noteRefused(work.run, input, error, this.nowMs), input);
  }

  #knownRun({ run, seen, letters }: WorkRun, input: LaneInput): KnownRun | null {
    if (run === null) return null;
    const known: KnownRun = { run, seen, deadLetters: letters };
    const pinned = isMigration(input) ? this.flowOf(run) : undefined;
    return pinned === undefined ? known : { ...known, pinned };
  }

  #takeLetters(work: WorkRun, { taken, again }: NonNullable<Decision["letters"]>): void {
    const { runId } = work.run ?? { runId: "" };
    const versions = new Set(taken);
    const isTaken = (letter: DeadLetterRow) => letter.runId === runId && versions.has(letter.version);
    const made = new Set(this.deadLetters.filter(isTaken).map(({ version }) => version));
    this.deadLetters = this.deadLetters.filter((letter) => !isTaken(letter));
    for (const version of taken) if (!made.has(version)) this.deadLettersTaken.push({ runId, version });
    work.letters = work.letters.filter((letter) => !isTaken(letter));
    for (const input of again) this.apply(input);
  }

  #fold(work: WorkRun, flow: CompiledFlow, decision: Decision, input: LaneInput): void {
    const { run, entry } = decision;
    if (run === null || entry === null) return;
    const before = work.run;
    this.bytes += run.dataText.length - (work.entries.length === 0 ? 0 : (before?.dataText.length ?? 0));
    if (entry.data !== undefined && entry.data !== before?.data) this.bytes += roughInputBytes(input);
    work.run = run;
    work.entries.push(entry);
    const [id, event] = seenBy(entry) ?? [];
    if (id !== undefined && event !== undefined) work.seen.set(id, event);
    if (decision.deadLetter !== null) {
      this.deadLetters.push(decision.deadLetter);
      work.letters.push(decision.deadLetter);
    }
    const sender = (before === null ? undefined : this.flowOf(before)) ?? flow;
    this.#inputs.push(...familyInputs(sender, before, run, input, this.lanes));
    this.notes.push({ before, run, input, entry, error: decision.deadLetter?.error ?? failureOf(input) });
    if (entry.kind === "unexpected") this.unexpectedEvents++;
    if (before === null || before.state !== run.state)
      this.transitions.push(transitionOf(before, run, this.nowMs));
    const { runId, lane, state, trace } = run;
    for (const command of decision.send) this.#due.push({ runId, lane, flow, command, state, trace });
  }

  /** Inputs of other runs of the same lane that follow from what was decided: a child's end for its parent, a cancellation for a child. */
  takeInputs(): FamilyInput[] {
    return this.#inputs.splice(0);
  }

  /** Leaves such an input to an engine that serves the version of its run: nobody would send it again. */
  leave(input: FamilyInput): void {
    const lane = laneOf(input.runId, this.lanes);
    this.inboxAdded.push({ inboxId: inboxIdOf(input), lane, input });
  }

  newestFlow(name: string): CompiledFlow | undefined {
    return this.#flows.newest.get(name);
  }

  /** Commands that became due since the last call and that no later input of this batch withdrew. */
  takeDue(): DueCommand[] {
    const due = this.#due.filter((candidate) => this.isStillDue(candidate));
    this.#due = [];
    return due;
  }

  isStillDue({ runId, command }: Pick<DueCommand, "runId" | "command">): boolean {
    const run = this.runOf(runId);
    return run !== null && run.outcome === null && isSending(run, command.id, command.attempt);
  }

  /** Runs with something to write. */
  changed(): { readonly work: WorkRun; readonly run: Run }[] {
    const changed: { work: WorkRun; run: Run }[] = [];
    for (const work of this.#runs.values()) {
      if (work.entries.length > 0 && work.run !== null) changed.push({ work, run: work.run });
    }
    return changed;
  }

  /** Every run the batch looked at: its cache entries are worth nothing when the batch fails. */
  heldRunIds(): Iterable<string> {
    return this.#runs.keys();
  }
}

const UNNOTED: ReadonlySet<string> = new Set<EngineErrorCode>(["FLOW_VERSION_UNSERVED", "FLOW_HISTORY_FULL"]);

/** What a failed attempt failed with, as the participant's side has told it. */
function failureOf(input: LaneInput): PlainError | null {
  return input.kind === "settled" && input.settlement.type === "failed" ? input.settlement.error : null;
}

/** Whether a run waits for exactly this attempt to be carried out. */
export function isSending(run: Run, commandId: string, attempt: number): boolean {
  return run.commands.some(
    (command) => command.id === commandId && command.attempt === attempt && command.phase === "sending",
  );
}

/** What a changed run adds to its history: one packed row. */
export function historyRow({ work, run }: { readonly work: WorkRun; readonly run: Run }): HistoryRow {
  return { runId: run.runId, createdAtMs: run.createdAtMs, lane: run.lane, entries: work.entries };
}

/** The difference between the timers that are stored and those that are active now. */
export function timerChanges(
  stored: Run | null,
  run: Run,
): { readonly set: TimerRow[]; readonly cleared: TimerRow[] } {
  const before = stored === null ? [] : activeTimers(stored);
  const after = activeTimers(run);
  if (before.length === 0 && after.length === 0) return NO_CHANGES;
  const numbers = new Set(after.map(({ number }) => number));
  const known = new Set(before.map(({ number }) => number));
  return {
    set: after.filter(({ number }) => !known.has(number)).map((timer) => timerRow(run, timer)),
    cleared: before.filter(({ number }) => !numbers.has(number)).map((timer) => timerRow(run, timer)),
  };
}

const NO_CHANGES: { readonly set: TimerRow[]; readonly cleared: TimerRow[] } = Object.freeze({
  set: [],
  cleared: [],
});

export function timerRow(run: Run, timer: RunTimer): TimerRow {
  return { lane: run.lane, runId: run.runId, number: timer.number, dueAtMs: timer.dueAtMs, kind: timer.kind };
}

function transitionOf(before: Run | null, run: Run, nowMs: number): Transition {
  return {
    flow: run.flow,
    from: before?.state ?? "",
    to: run.state,
    inStateMs: before === null ? 0 : nowMs - before.enteredAtMs,
  };
}

/** The version whose rules judge an input: the one a run is pinned to, begins with, or is to be migrated to. */
function versionFor(run: Run | null, input: LaneInput): Pick<Run, "flow" | "flowVersion"> | null {
  if (run === null) return input.kind === "start" ? input : null;
  return isMigration(input) ? { flow: run.flow, flowVersion: input.operation.toVersion } : run;
}

function isMigration(input: LaneInput): input is Migration {
  return input.kind === "operation" && input.operation.type === "migrate";
}

type Migration = OperationInput & { readonly operation: Extract<Operation, { readonly type: "migrate" }> };

function unknownRun(runId: string): Answer {
  return {
    outcome: "rejected",
    error: {
      code: "FLOW_UNKNOWN_RUN",
      message: `no run ${runId}, expected the id of a stored run`,
      fields: { runId },
    },
  };
}

function missingTarget(flow: string, version: number): Answer {
  const message = `flow ${flow} has no version ${version} here, expected one that is served; deploy it first`;
  return {
    outcome: "rejected",
    error: { code: "FLOW_MIGRATION_MISSING", message, fields: { flow, version } },
  };
}

function unservedVersion(flow: string, version: number): Answer {
  return {
    outcome: "rejected",
    error: {
      code: "FLOW_VERSION_UNSERVED",
      message: `the engine that has this run does not serve flow ${flow} version ${version}; nothing happened, try again when one that does has taken over, or deploy that version beside the others`,
      fields: { flow, version },
    },
  };
}
