/**
 * An act round by round. Each round is a world of its own with a seed of its own, so that what is judged stays small however long the act
 * goes on, some can be played at once, a round that is noted need not be played again, and the one that fails replays alone.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Violation } from "@sluice/engine/random-flows";
import { chosen } from "./act.ts";
import type { FaultCount, Stage, Verdict } from "./act.ts";

export interface RoundResult {
  readonly breaches: readonly Violation[];
  readonly counts: Readonly<Record<string, number>>;
  /** One for each fault, in their order. */
  readonly faults: readonly StruckFault[];
  readonly takeoverMs: readonly number[];
  /** What cannot be had here. */
  readonly skipped: readonly { readonly kind: string; readonly why: string }[];
}

export interface StruckFault {
  readonly kind: string;
  /** Null when it is not measured, the next fault came first, or the lanes were not waited for to the end. */
  readonly recoveryMs: number | null;
}

/** What a round is told beside the stage. */
export interface RoundPart extends Pick<Stage, "seed" | "directory" | "progress"> {
  /** How often the kind that came least has still to come. */
  readonly faultsLeft: number;
}

/** What tells one act of rounds from another. */
export interface Rounds {
  readonly name: string;
  /** All of the act. */
  readonly kinds: readonly { readonly name: string }[];
  /** A round that has less time than this is not begun, but for the first. */
  readonly roundMsMin: number;
  /** One round is enough where no faults are counted: it has everything. Else it goes on for as long as it may. */
  readonly isOneEnough: boolean;
  /** Never throws for what it finds. */
  play(part: RoundPart): Promise<RoundResult>;
  /** The arguments with which a round that failed is played again. */
  replay(seed: number): string;
}

const SEEDS = 2 ** 31;

export function playRounds(stage: Stage, rounds: Rounds): Promise<Verdict> {
  return new RoundsOfAct(stage, rounds).play();
}

class RoundsOfAct {
  readonly #stage: Stage;
  readonly #rounds: Rounds;
  /** By their number, from 1 on. */
  readonly #results: Map<number, RoundResult>;
  readonly #notedBefore: number;
  readonly #running = new Map<number, Promise<void>>();

  constructor(stage: Stage, rounds: Rounds) {
    this.#stage = stage;
    this.#rounds = rounds;
    this.#results = new Map(stage.journal.roundsOf(rounds.name));
    this.#notedBefore = this.#results.size;
  }

  async play(): Promise<Verdict> {
    while (!this.#isOver()) {
      if (this.#running.size < this.#stage.atOnce) this.#begin(this.#nextNumber());
      else await Promise.race(this.#running.values());
    }
    await Promise.all(this.#running.values());
    return this.#verdict();
  }

  #isOver(): boolean {
    return this.#stage.stop.aborted || this.#firstBroken() !== undefined || this.#isEnough();
  }

  #isEnough(): boolean {
    const { untilMs, faults, effects } = this.#stage.budget;
    if (this.#results.size + this.#running.size === 0) return false;
    if (untilMs - performance.now() < this.#rounds.roundMsMin) return true;
    if (this.#rounds.isOneEnough && faults === null) return true;
    if (faults === null && effects === null) return false;
    const done = [...this.#results.values()].reduce((sum, { counts }) => sum + (counts["effects"] ?? 0), 0);
    const hasEffects = this.#rounds.isOneEnough || done >= (effects ?? 0);
    return hasEffects && this.#countFaults().every(({ times }) => times >= (faults ?? 0));
  }

  #nextNumber(): number {
    let nth = 1;
    while (this.#results.has(nth) || this.#running.has(nth)) nth++;
    return nth;
  }

  #seedOf(nth: number): number {
    return (this.#stage.seed + nth - 1) % SEEDS;
  }

  #begin(nth: number): void {
    const round = this.#playOne(nth).finally(() => this.#running.delete(nth));
    this.#running.set(nth, round);
  }

  async #playOne(nth: number): Promise<void> {
    const { directory: home, isKept, stop, journal, progress } = this.#stage;
    const seed = this.#seedOf(nth);
    const directory = join(home, `round-${nth}`);
    await mkdir(directory);
    const result = await this.#rounds.play({
      seed,
      directory,
      faultsLeft: this.#faultsLeft(),
      progress: (what) => progress(`round ${nth} (seed ${seed}): ${what}`),
    });
    this.#results.set(nth, result);
    const isBroken = result.breaches.length > 0;
    // One that was interrupted was not judged: unless it had found something, it is as if it had not been.
    if (isBroken || !stop.aborted) await journal.note(this.#rounds.name, nth, result);
    if (!isBroken && !isKept) await rm(directory, { recursive: true, force: true });
  }

  #firstBroken(): number | undefined {
    return [...this.#results].find(([, { breaches }]) => breaches.length > 0)?.[0];
  }

  #faultsLeft(): number {
    const { faults } = this.#stage.budget;
    if (faults === null) return Number.POSITIVE_INFINITY;
    const times = this.#countFaults().map((kind) => kind.times);
    return Math.max(1, faults - (times.length === 0 ? 0 : Math.min(...times)));
  }

  /** Of the kinds that could be had. */
  #countFaults(): readonly FaultCount[] {
    const skipped = this.#skipped();
    const kinds = chosen(this.#stage, this.#rounds.kinds).filter(({ name }) => !skipped.has(name));
    const faults = Map.groupBy(
      [...this.#results.values()].flatMap((result) => result.faults),
      ({ kind }) => kind,
    );
    return kinds.map(({ name }) => {
      const struck = faults.get(name) ?? [];
      return {
        kind: name,
        times: struck.length,
        recoveryMs: struck.flatMap(({ recoveryMs }) => recoveryMs ?? []),
      };
    });
  }

  /** Why a kind of fault cannot be had here, by its name. */
  #skipped(): ReadonlyMap<string, string> {
    const all = [...this.#results.values()].flatMap(({ skipped }) => skipped);
    return new Map(all.map(({ kind, why }) => [kind, why]));
  }

  #verdict(): Verdict {
    const results = [...this.#results.values()];
    const counts: Record<string, number> = { rounds: results.length };
    if (this.#notedBefore > 0) counts["of them noted before"] = this.#notedBefore;
    for (const result of results)
      for (const [name, count] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + count;
    const broken = this.#firstBroken();
    return {
      act: this.#rounds.name,
      breaches: results.flatMap(({ breaches }) => breaches),
      counts,
      faults: this.#countFaults(),
      takeoverMs: results.flatMap(({ takeoverMs }) => takeoverMs),
      skipped: [...this.#skipped()].map(([kind, why]) => `${kind}: ${why}`),
      replay: broken === undefined ? null : this.#rounds.replay(this.#seedOf(broken)),
    };
  }
}
