/** What every act of the proof is, so that the command knows of no act what it does. */
import type { Violation } from "@sluice/engine/random-flows";
import type { Env } from "@sluice/host/options";
import type { Journal } from "./journal.ts";

export interface Act {
  readonly name: string;
  /** One sentence without a full stop, for the help. */
  readonly summary: string;
  /** How much of the time it gets, beside the others. */
  readonly weight: number;
  /** The names of the kinds of faults that come in it. */
  readonly kinds: readonly string[];
  /** What it finds it answers; it throws only when it could not be played. */
  play(stage: Stage): Promise<Verdict>;
}

export interface Stage {
  /** Decides everything that a machine lets be decided. */
  readonly seed: number;
  /** Processes with an engine. */
  readonly engines: number;
  /** How many callers come in a second; null: as each round's seed has it. */
  readonly callers: number | null;
  readonly budget: Budget;
  /** Rounds that are played at the same time. */
  readonly atOnce: number;
  readonly journal: Journal;
  /** The names of the kinds of faults that may come; null: all. At least one of them is of the act. */
  readonly kinds: ReadonlySet<string> | null;
  /** How long a broker stays out of reach, in ms. */
  readonly outageMs: number;
  /** Where the act keeps what it makes. What it leaves there is evidence. */
  readonly directory: string;
  /** Of the processes that the act starts. */
  readonly env: Env;
  /** Leave everything, not only evidence. */
  readonly isKept: boolean;
  /** Ctrl-C: the act ends in order and answers what it has seen so far. */
  readonly stop: AbortSignal;
  progress(what: string): void;
}

/** An act goes on until its time is over, or until it has enough of everything. */
export interface Budget {
  /** By `performance.now`; infinite when only the counts decide. */
  readonly untilMs: number;
  /** Of each kind of fault; null: as many as the time allows. */
  readonly faults: number | null;
  readonly effects: number | null;
}

export interface Verdict {
  readonly act: string;
  /** Broken promises; none when all is well. */
  readonly breaches: readonly Violation[];
  /** What was done, by name. */
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: readonly FaultCount[];
  /** How long lanes were without an owner, in ms: from the fault to the first acknowledged input. */
  readonly takeoverMs: readonly number[];
  /** What could not be done here, and why. */
  readonly skipped: readonly string[];
  /** Nothing of it could be played here: `skipped` says why, and it shows nothing. @default false */
  readonly isLeftOut?: boolean;
  /** Arguments of the command with which the act plays what has failed, and nothing before it; null when nothing has. */
  readonly replay: string | null;
}

/** Those of an act's kinds that may come. */
export function chosen<Kind extends { readonly name: string }>(
  { kinds }: Pick<Stage, "kinds">,
  all: readonly Kind[],
): readonly Kind[] {
  return kinds === null ? all : all.filter(({ name }) => kinds.has(name));
}

/** How the command is told of them once more; empty for all. */
export function kindsArgument({ kinds }: Pick<Stage, "kinds">): string {
  return kinds === null ? "" : ` --kinds "${[...kinds].join(",")}"`;
}

/** And of the callers; empty where the seed has it. */
export function callersArgument({ callers }: Pick<Stage, "callers">): string {
  return callers === null ? "" : ` --callers ${callers}`;
}

export interface FaultCount {
  readonly kind: string;
  readonly times: number;
  /** From the moment things are put right, or have put themselves right, until every lane acknowledges inputs again, in ms. */
  readonly recoveryMs: readonly number[];
}
