/**
 * What the history of a run leaves behind, by its entries alone: the commands that it waits for, whether it is parked, its dead letters.
 * Guards and updates are not asked again (the functions among them are stored as text, and an older release may have decided otherwise),
 * so of some commands it is not known whether they are still waited for: those may be pending, and need not be.
 */
import { COMPENSATING } from "./flow.ts";
import type { HistoryEntry, HistoryKind } from "./history.ts";

/** A command that an entry has issued. */
export interface IssuedCommand {
  readonly type: string;
  /** The version that has issued it. */
  readonly version: number;
  /** Whether it is pending for sure. */
  readonly isOwed: boolean;
}

/** Entries of these kinds may lead to a state; commands that they issue are all that is pending then. */
const MOVING: ReadonlySet<HistoryKind> = new Set<HistoryKind>([
  "started",
  "event",
  "timer",
  "undone",
  "canceled",
  "skipped",
  "forced",
  "migrated",
]);

/** What an operator does to a parked run: it goes on, and its dead letters are gone or taken in again. */
const FREEING: ReadonlySet<HistoryKind> = new Set<HistoryKind>(["canceled", "redriven", "skipped", "forced"]);

export class HistoryTrail {
  #state: string | null = null;
  #enteredAt = 0;
  #isParked = false;
  #pending = new Map<string, IssuedCommand>();
  readonly #letters = new Map<number, { readonly isHead: boolean }>();
  #timersSince: "set" | "touched" = "set";
  #flowTimer: "set" | "touched" = "set";
  #pollSince: "set" | "touched" = "set";
  #isSkipped = false;

  /** The state after the last entry; null before the first. */
  get state(): string | null {
    return this.#state;
  }

  /** The version that led to that state. */
  get enteredAt(): number {
    return this.#enteredAt;
  }

  get isParked(): boolean {
    return this.#isParked;
  }

  /** Commands that may be waited for, by their ids. */
  get pending(): ReadonlyMap<string, IssuedCommand> {
    return this.#pending;
  }

  /** The dead letters by the version at which each became one. */
  get letters(): ReadonlyMap<number, { readonly isHead: boolean }> {
    return this.#letters;
  }

  /** Whether every timer that the state has set is set for sure. */
  get areTimersSet(): boolean {
    return this.#timersSince === "set";
  }

  /** The same of the limit on the whole run. */
  get isFlowTimerSet(): boolean {
    return this.#flowTimer === "set";
  }

  /** The same of the next query of a poll, or the query itself. */
  get isPollSet(): boolean {
    return this.#timersSince === "set" && this.#pollSince === "set";
  }

  /** Whether an operator has skipped something since the state was entered: what a rule waits for then, only he could know. */
  get isSkipped(): boolean {
    return this.#isSkipped;
  }

  add(entry: HistoryEntry): void {
    this.#takeLetters(entry);
    this.#takeCommands(entry);
    this.#takeTimers(entry);
    if (entry.state !== this.#state) this.#enter(entry);
    this.#state = entry.state;
  }

  #enter({ kind, state, version }: HistoryEntry): void {
    this.#enteredAt = version;
    // A migration that keeps the visit under another name keeps what became of its timers.
    if (kind === "migrated" || state === COMPENSATING) return;
    this.#timersSince = "set";
    this.#pollSince = "set";
    this.#isSkipped = false;
  }

  #takeLetters(entry: HistoryEntry): void {
    const { kind, version } = entry;
    if (FREEING.has(kind) && !this.#goesOnCompensating(entry)) {
      this.#isParked = false;
      this.#letters.clear();
    }
    if (kind === "parked") this.#isParked = true;
    if (kind === "parked" || kind === "queued") this.#letters.set(version, { isHead: kind === "parked" });
  }

  /** A cancellation with compensation of a run that takes steps back already: all goes on, parked or not. */
  #goesOnCompensating({ kind, state, commands = [] }: HistoryEntry): boolean {
    const isWithin = state === COMPENSATING && this.#state === COMPENSATING;
    return isWithin && commands.length === 0 && (kind === "canceled" || kind === "event");
  }

  #takeCommands(entry: HistoryEntry): void {
    const { kind, version, commands = [], commandId } = entry;
    if (isRetry(entry) || this.#goesOnCompensating(entry)) return;
    if (isQuery(entry)) {
      for (const { id, type } of commands) this.#pending.set(id, { type, version, isOwed: true });
    } else if (MOVING.has(kind)) {
      const hasMoved = commands.length > 0 || this.#hasMoved(entry);
      if (hasMoved)
        this.#pending = new Map(commands.map(({ id, type }) => [id, { type, version, isOwed: true }]));
      else this.#takeWithin(entry);
    } else if (kind === "polled" && commandId !== undefined) this.#pending.delete(commandId);
    // The answer to a command, or one that has come too late.
    else if (kind === "unexpected" && commandId !== undefined) this.#disown(commandId);
  }

  /** Whether the run was led to a state afresh for sure. One that was migrated may be where it was, under another name. */
  #hasMoved({ kind, state }: HistoryEntry): boolean {
    return kind === "undone" || kind === "forced" || (kind !== "migrated" && state !== this.#state);
  }

  /** The state stayed, or was entered again with nothing to send, and any command may have been answered. */
  #takeWithin({ kind, commandId, letter }: HistoryEntry): void {
    if (kind === "event" && commandId !== undefined && letter === undefined) this.#pending.delete(commandId);
    for (const id of this.#pending.keys()) this.#disown(id);
  }

  #disown(commandId: string): void {
    const command = this.#pending.get(commandId);
    if (command !== undefined) this.#pending.set(commandId, { ...command, isOwed: false });
  }

  #takeTimers(entry: HistoryEntry): void {
    const { kind, commandId, eventId, letter } = entry;
    if (kind === "skipped") this.#isSkipped = true;
    if ((kind === "event" || kind === "unexpected") && commandId !== undefined) this.#pollSince = "touched";
    // A firing has no id, and one that parked the run or was unexpected does not say of itself that it was one.
    const isUnnamed = commandId === undefined && eventId === undefined;
    const mayFire = kind === "timer" ? !isRetry(entry) && !isQuery(entry) : UNNAMED.has(kind) && isUnnamed;
    if (!mayFire && letter === undefined && kind !== "skipped" && kind !== "migrated") return;
    this.#timersSince = "touched";
    this.#flowTimer = "touched";
  }
}

const UNNAMED: ReadonlySet<HistoryKind> = new Set<HistoryKind>(["unexpected", "parked", "queued"]);

/** The timer of a retry, which sends a command again. A timer that raises an event of this name has data. */
function isRetry({ kind, type, data }: HistoryEntry): boolean {
  return kind === "timer" && type === "retry" && data === undefined;
}

/** The timer of a poll, which asks. */
function isQuery({ kind, type, data }: HistoryEntry): boolean {
  return kind === "timer" && type === "poll" && data === undefined;
}
