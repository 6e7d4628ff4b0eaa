/**
 * History explains every version (I1): from each entry the input is made that must have caused it, the rules decide once more, and
 * what they answer must be that entry. At the end stands the run that is stored.
 */
import { decide } from "../../core/decide.ts";
import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { Decision, KnownRun, Limits } from "../../core/decision.ts";
import { COMMAND_FAILED } from "../../core/flow.ts";
import type { CommandFailed } from "../../core/flow.ts";
import type { EngineErrorCode, PlainError } from "../../core/errors.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { LaneInput, Operation, RedriveInput, Settlement, StartInput } from "../../core/inputs.ts";
import type { DeadLetterRow } from "../../core/ports.ts";
import { noteRefused } from "../../core/rules/refused.ts";
import type { Run } from "../../core/run.ts";
import { TRANSACTIONAL_CHANNELS } from "./participant-ledger.ts";

/** One version of a run: what made it, and where it was before. */
export interface ReplayedStep {
  readonly input: LaneInput;
  readonly entry: HistoryEntry;
  /** The version that the run was pinned to, or began with. */
  readonly flow: CompiledFlow;
  readonly before: Run | null;
  readonly after: Run;
}

export interface Replay {
  readonly steps: readonly ReplayedStep[];
  /** The dead letters that the history leaves, in order. */
  readonly letters: readonly DeadLetterRow[];
  /** What is wrong with the history, or null when it explains the run. */
  readonly fault: string | null;
}

interface Stored {
  readonly run: Run;
  readonly entries: readonly HistoryEntry[];
  /** All dead letters the run ever had, by version: they say what the entry of a failure does not. */
  readonly letters: ReadonlyMap<number, DeadLetterRow>;
  /** All versions of the run's flow. */
  readonly versions: readonly CompiledFlow[];
}

export function replayHistory(stored: Stored, limits: Limits): Replay {
  // The history does not say which version a run began with; the wrong one soon explains nothing.
  const replays = stored.versions.map((first) => new Replayer(stored, limits).replay(first));
  return replays.reduce((best, next) => (isBetter(next, best) ? next : best));
}

function isBetter(next: Replay, best: Replay): boolean {
  return best.fault !== null && (next.fault === null || next.steps.length > best.steps.length);
}

class Replayer {
  readonly #stored: Stored;
  readonly #limits: Limits;
  readonly #steps: ReplayedStep[] = [];
  #run: Run | null = null;
  #letters: DeadLetterRow[] = [];
  /** Dead letters that an operation has just put back in line: nothing comes before them. */
  #again: RedriveInput[] = [];

  constructor(stored: Stored, limits: Limits) {
    this.#stored = stored;
    this.#limits = limits;
  }

  replay(first: CompiledFlow): Replay {
    const fault = this.#explainAll(first);
    return { steps: this.#steps, letters: this.#letters, fault };
  }

  #explainAll(first: CompiledFlow): string | null {
    const { run: stored, entries } = this.#stored;
    for (const entry of entries)
      if (!this.#explain(entry, first))
        return `no input explains version ${entry.version}: ${JSON.stringify(entry)} after ${brief(this.#run)}`;
    const left = this.#nextLetter();
    if (left !== null) return `nothing came of its dead letter ${JSON.stringify(left.input)}`;
    return sameRun(this.#run, stored)
      ? null
      : `its history leads to ${brief(this.#run)}, and ${brief(stored)} is stored`;
  }

  #explain(entry: HistoryEntry, first: CompiledFlow): boolean {
    const letter = this.#nextLetter(entry.atMs, entry);
    if (letter !== null) return this.#take(entry, letter.input, letter.decision);
    if (this.#run !== null && entry.kind === "refused") return this.#explainRefusal(this.#run, entry);
    const inputs =
      this.#run === null
        ? [startOf({ ...this.#stored.run, flowVersion: first.version }, entry)]
        : this.#causes(this.#run, entry);
    return inputs.some((input) => this.#take(entry, input, this.#decide(input, entry.atMs)));
  }

  /** What was refused has changed nothing, and of its data the history says nothing. */
  #explainRefusal(run: Run, entry: HistoryEntry): boolean {
    const { runId } = run;
    const { type, eventId = "", error } = entry;
    if (error === undefined) return false;
    const input: LaneInput =
      type === undefined
        ? { ...startOf(run, entry), startId: entry.eventId ?? null }
        : { kind: "event", runId, id: eventId, type, data: null };
    const rejection = { code: error.code as EngineErrorCode, message: error.message };
    return this.#take(entry, input, noteRefused(run, input, rejection, entry.atMs));
  }

  /** The next letter in line that something comes of. */
  #nextLetter(
    nowMs = this.#run?.updatedAtMs ?? 0,
    entry: HistoryEntry | null = null,
  ): { input: LaneInput; decision: Decision | null } | null {
    for (let letter = this.#again.shift(); letter !== undefined; letter = this.#again.shift()) {
      const input = entry === null ? letter : toldBy(entry, letter);
      const decision = this.#decide(input, nowMs);
      if (decision?.entry != null) return { input, decision };
    }
    return null;
  }

  #decide(input: LaneInput, nowMs: number): Decision | null {
    const flow = this.#version(versionFor(this.#run, input));
    if (flow === undefined) return null;
    return decide(flow, this.#known(), input, nowMs, this.#limits);
  }

  #states(): readonly string[] {
    return [...(this.#version(this.#run?.flowVersion)?.states.keys() ?? [])];
  }

  #version(wanted: number | undefined): CompiledFlow | undefined {
    return this.#stored.versions.find(({ version }) => version === wanted);
  }

  #known(): KnownRun | null {
    const run = this.#run;
    if (run === null) return null;
    const pinned = this.#version(run.flowVersion);
    const known = { run, seen: new Map<string, never>(), deadLetters: this.#letters };
    return pinned === undefined ? known : { ...known, pinned };
  }

  /** Goes on by this decision, if it is what the entry tells. */
  #take(entry: HistoryEntry, input: LaneInput, decision: Decision | null): boolean {
    if (decision?.run == null || JSON.stringify(decision.entry) !== JSON.stringify(entry)) return false;
    const flow = this.#version(this.#run?.flowVersion ?? decision.run.flowVersion);
    if (flow === undefined) return false;
    this.#steps.push({ input, entry, flow, before: this.#run, after: decision.run });
    this.#run = decision.run;
    if (decision.letters !== undefined) {
      const taken = new Set(decision.letters.taken);
      this.#letters = this.#letters.filter((letter) => !taken.has(letter.version));
      this.#again = [...decision.letters.again];
    }
    if (decision.deadLetter !== null)
      this.#letters.push(this.#stored.letters.get(entry.version) ?? decision.deadLetter);
    return true;
  }

  /** Inputs that may have made an entry. A timer's firing does not say which timer it was, so each that is set may be it. */
  #causes(run: Run, entry: HistoryEntry): readonly LaneInput[] {
    const { runId } = run;
    const { commandId, eventId, type, data, by, reason = null } = entry;
    const letter = this.#stored.letters.get(entry.version);
    if (letter !== undefined) return [letter.input];
    if (eventId !== undefined && by !== undefined)
      return this.#operations(entry).map((operation) => ({
        kind: "operation",
        runId,
        id: eventId,
        operation,
        by,
        reason,
      }));
    if (eventId !== undefined && type !== undefined && data !== undefined) {
      const named = commandId === undefined ? {} : { commandId };
      return [{ kind: "event", runId, id: eventId, type, data, ...named }];
    }
    if (commandId !== undefined && entry.kind !== "timer") {
      const command = run.commands.find(({ id }) => id === commandId);
      const attempt = entry.attempt ?? command?.attempt ?? 0;
      return [
        { kind: "settled", runId, commandId, attempt, settlement: settlementOf(entry, command?.channel) },
      ];
    }
    return run.timers.map(({ number }) => ({ kind: "timer", runId, number }));
  }

  /** Operations that an entry may tell of; its digest says which it was. */
  #operations({ type, data }: HistoryEntry): readonly Operation[] {
    switch (type as Operation["type"]) {
      case "cancel":
        return [true, false].map((compensate) => ({ type: "cancel", compensate }));
      case "force":
        return this.#states().map((state) => ({
          type: "force",
          state,
          ...(data === undefined ? {} : { data: data as Run["data"] }),
        }));
      case "migrate":
        return this.#stored.versions.map(({ version }) => ({ type: "migrate", toVersion: version }));
      case "retry":
        return [{ type: "retry" }];
      case "redrive":
        return [{ type: "redrive" }];
      case "skip":
        return [{ type: "skip" }];
    }
  }
}

function versionFor(run: Run | null, input: LaneInput): number | undefined {
  if (input.kind === "start") return input.flowVersion;
  if (input.kind === "operation" && input.operation.type === "migrate") return input.operation.toVersion;
  return run?.flowVersion;
}

function startOf(run: Run, { data }: HistoryEntry): StartInput {
  const { runId, flow, flowVersion, key, startId, lane, parent } = run;
  return {
    kind: "start",
    runId,
    flow,
    flowVersion,
    key,
    startId,
    lane,
    data: data as Run["data"],
    ...(parent === null ? {} : { parent }),
  };
}

function settlementOf(entry: HistoryEntry, channel: string | undefined): Settlement {
  const { kind, type = "", data, error, child } = entry;
  if (kind === "command-delivered") return { type: "delivered", ...deliveryOf(channel, child) };
  if (kind === "polled" && error === undefined) return { type: "no-news" };
  if (kind === "polled" || kind === "command-attempted")
    return { type: "failed", error: paced(error, entry) };
  if (type !== COMMAND_FAILED) return { type: "answered", event: { type, data: data ?? null } };
  if (data !== undefined) return { type: "failed", error: (data as unknown as CommandFailed).error };
  // A failure that waits behind a parked run leaves its error to the dead letter; any that is final leads to the same entry.
  return { type: "failed", error: error ?? UNTOLD };
}

/** Of a failure whose entry does not say more. */
const UNTOLD: PlainError = { code: "?", kind: "invalid", message: "" };

/** A letter that was taken in again by the batch that wrote it was never stored: then the entry that it leads to tells what had failed. */
function toldBy(entry: HistoryEntry, letter: RedriveInput): RedriveInput {
  const { input } = letter;
  const isUntold =
    input.kind === "settled" && input.settlement.type === "failed" && input.settlement.error === UNTOLD;
  return isUntold && entry.type === COMMAND_FAILED
    ? { ...letter, input: { ...input, settlement: settlementOf(entry, undefined) } }
    : letter;
}

/** What the history does not say, because it follows from who carries the command out. */
function deliveryOf(channel = "", child: string | undefined): Omit<Delivered, "type"> {
  if (child !== undefined) return { childId: child };
  return TRANSACTIONAL_CHANNELS.has(channel) ? { isCarriedOut: true } : {};
}

type Delivered = Extract<Settlement, { readonly type: "delivered" }>;

/** The wait that the participant asked for is in the entry only as the time of the next attempt. */
function paced(error: PlainError | undefined, { atMs, nextAtMs = atMs }: HistoryEntry): PlainError {
  const { code, kind, message } = error ?? { code: "?", kind: "bug", message: "" };
  return { code, kind, message, retryAfterMs: nextAtMs - atMs };
}

function sameRun(replayed: Run | null, stored: Run): boolean {
  return replayed !== null && JSON.stringify(sorted(replayed)) === JSON.stringify(sorted(stored));
}

function sorted(run: Run): readonly (readonly [string, unknown])[] {
  return Object.entries(run)
    .filter(([name]) => name !== "data")
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function brief(run: Run | null): string {
  if (run === null) return "nothing";
  const { version, state, parked, commands, steps, compensation, timers, dataText } = run;
  return JSON.stringify({ version, state, parked, commands, steps, compensation, timers, dataText });
}
