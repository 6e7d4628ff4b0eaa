/**
 * A random flow as it is being drawn: its words, and the ways between its states. States stand in a row; the main way goes from each to
 * the next, the others ahead, or back a limited number of times.
 */
import type {
  CommandDefinition,
  EventUndoDefinition,
  PollDefinition,
  RetryDefinition,
  TimerDefinition,
  TransitionDefinition,
  TransitionsDefinition,
  UndoDefinition,
  Update,
} from "../../core/flow.ts";
import { listTransitions } from "../../core/compile-flow.ts";
import { GUARDS, UNDO_PROJECTIONS, UPDATES, goBack } from "./flow-palette.ts";
import type { Random } from "./random.ts";

/** Who carries out commands; the simulation binds each. */
export const CHANNELS = ["stock", "seats", "local", "remote"] as const;
/** An error code that a retry never repeats. */
export const NEVER_AGAIN = "SIM_NEVER_AGAIN";
/** Beyond the minute of timers that an engine keeps in memory. */
export const TIMER_FAR_MS = 65_000;
/** A final state to which only compensation leads. */
export const TAKEN_BACK = "taken-back";

export interface DraftWish {
  /** Of the states in which runs wait, in a row. */
  readonly names: readonly string[];
  /** Flows that its runs may start runs of. */
  readonly children: readonly string[];
  readonly isLong: boolean;
  /** By how much its delays differ from those that are drawn. */
  readonly pace: number;
}

/** A command with the two events that may answer it. */
export interface DraftCommand {
  readonly type: string;
  readonly done: string;
  readonly refused: string;
}

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class FlowDraft {
  readonly random: Random;
  readonly children: readonly string[];
  readonly events = new Set<string>();
  readonly commands: Record<string, CommandDefinition> = {};
  /** Events that people outside may tell its runs. */
  readonly outside: string[] = [];
  readonly #wish: DraftWish;

  constructor(random: Random, wish: DraftWish) {
    this.random = random;
    this.children = wish.children;
    this.#wish = wish;
  }

  // -------------------------------------------------------------- words

  command(type: string): DraftCommand {
    const answers = this.#answers(type);
    this.commands[type] = {
      channel: this.random.pick(CHANNELS),
      answers: [answers.done, answers.refused],
    };
    return answers;
  }

  /** A command that starts a run of another flow. Not every outcome of it need have an event: the others are failures. */
  child(type: string): DraftCommand {
    const { random } = this;
    const answers = this.#answers(type);
    this.commands[type] = {
      flow: random.pick(this.children),
      outcomes: {
        ok: answers.done,
        refused: answers.refused,
        ...(random.chance(0.6) ? { [TAKEN_BACK]: answers.refused } : {}),
        ...(random.chance(0.5) ? { canceled: answers.refused } : {}),
      },
      ...(random.chance(0.25) ? { whenLeft: "keep" } : {}),
    };
    return answers;
  }

  /** How a command is taken back; in some flows a refusal says that there is nothing to take back. */
  undo({ type, refused }: DraftCommand): UndoDefinition {
    const undo = this.#takingBack(type, this.commands[type]?.channel);
    return this.random.chance(0.5) ? { ...undo, unless: [refused] } : undo;
  }

  /** Has what an event tells taken back, whichever of its ways is taken. */
  undoTold(type: string, ways: TransitionsDefinition): TransitionsDefinition {
    const undo = this.#takingBack(type);
    return listTransitions(ways).map((way) => ({ ...way, undo }));
  }

  #takingBack(type: string, channel?: string): EventUndoDefinition {
    const { random } = this;
    const undo = `Undo${type}`;
    this.commands[undo] = {
      channel: channel === undefined || random.chance(0.2) ? random.pick(CHANNELS) : channel,
      answers: [this.declare(`${undo}Done`)],
    };
    return {
      send: { [undo]: random.pick(UNDO_PROJECTIONS) },
      ...(random.chance(0.8) ? { retry: this.retry() } : {}),
    };
  }

  #answers(type: string): DraftCommand {
    return { type, done: this.declare(`${type}Done`), refused: this.declare(`${type}Refused`) };
  }

  /** An event from outside. */
  say(type: string): string {
    this.outside.push(type);
    return this.declare(type);
  }

  declare(type: string): string {
    this.events.add(type);
    return type;
  }

  // -------------------------------------------------------------- ways

  next(at: number): string {
    return this.#wish.names[at + 1] ?? "done";
  }

  ahead(at: number): string {
    return this.random.pick([...this.#wish.names.slice(at + 1), "done", "refused"]);
  }

  /** A former state, or the same one again. */
  behind(at: number): string {
    return this.random.pick(this.#wish.names.slice(0, at + 1));
  }

  /** A way out when something went wrong: ahead, or back through what was done. */
  out(at: number): TransitionDefinition {
    if (this.random.chance(0.5)) return { target: this.ahead(at) };
    return { target: this.random.chance(0.7) ? TAKEN_BACK : this.ahead(at), compensate: true };
  }

  /** Ways of an event: the next state, or a guarded turn before it. */
  ways(at: number, updates: readonly Update[] = UPDATES): TransitionsDefinition {
    const { random } = this;
    const main: TransitionDefinition = random.chance(0.5)
      ? { target: this.next(at) }
      : { target: this.next(at), update: random.pick(updates) };
    if (random.chance(0.6)) return main;
    return [{ ...this.out(at), guard: random.pick(GUARDS) }, main];
  }

  roundTrip(at: number, onwards: string): readonly TransitionDefinition[] {
    return goBack(this.behind(at), onwards);
  }

  // -------------------------------------------------------------- time

  leave(at: number, minMs: number, maxMs: number): TimerDefinition {
    const { random } = this;
    const isFar = this.#wish.isLong && random.chance(0.3);
    const delay = isFar ? this.delay(TIMER_FAR_MS, 2 * TIMER_FAR_MS) : this.delay(minMs, maxMs);
    const { target = "done", compensate } = this.out(at);
    return compensate === undefined ? { delay, target } : { delay, target, compensate };
  }

  poll(at: number, type: string): PollDefinition {
    const { random } = this;
    const poll: Mutable<PollDefinition> = { send: { [type]: "data" }, every: this.delay(10, 120) };
    if (random.chance(0.4)) poll.first = this.delay(1, 50);
    if (random.chance(0.6)) poll.giveUp = this.leave(at, 150, 900);
    if (random.chance(0.4)) {
      poll.factor = random.pick([1.5, 2, 3]);
      // A wait that grows without end would never come to rest.
      if (poll.giveUp === undefined || random.chance(0.5)) poll.max = "250ms";
    }
    return poll;
  }

  retry(): RetryDefinition {
    const { random } = this;
    return {
      attempts: random.whole(1, 6),
      first: this.delay(1, 60),
      factor: random.pick([1, 2]),
      max: "150ms",
      jitter: random.pick(["full", "none"] as const),
      never: [NEVER_AGAIN],
    };
  }

  delay(minMs: number, maxMs: number): `${number}ms` {
    return `${Math.max(1, Math.round(this.#wish.pace * this.random.magnitude(minMs, maxMs)))}ms`;
  }
}
