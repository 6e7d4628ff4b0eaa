import type { HistoryEntry } from "../../core/history.ts";
import { Scheduler } from "../simulation/scheduler.ts";
import { Trace } from "../simulation/trace.ts";
import { failTest } from "./expectation.ts";
import { tellMs } from "./story.ts";

/** History entries that one call of the test may bring about. More of them is a flow that turns in a circle. */
export const ENTRIES_MAX = 5_000;
/** Steps of anybody within one call of the test, whatever comes of them. */
const STEPS_MAX = 1_000_000;

/**
 * The time that a test engine lives in. It stands still but for what the test asks for, and then goes from one thing to the next.
 * V1  Nothing waits for real time: what is due now happens now, and a year passes as fast as there is nothing in it.
 * V2  Every way ends: after ENTRIES_MAX history entries the flow does not come to rest, and the test is told so instead of hanging.
 */
export class VirtualTime {
  readonly scheduler = new Scheduler(new Trace(null));
  readonly beginMs: number;
  /** The history to show when nothing comes to rest. */
  readonly #busiest: () => readonly HistoryEntry[];
  #entries = 0;

  constructor(beginMs: number, busiest: () => readonly HistoryEntry[]) {
    this.beginMs = beginMs;
    this.#busiest = busiest;
  }

  /** Milliseconds since 1970. */
  get nowMs(): number {
    return this.beginMs + Math.floor(this.scheduler.nowMs);
  }

  /** Is told how much history a commit has made. */
  wrote(entries: number): void {
    this.#entries += entries;
  }

  /** Goes on until a promise is settled and everything due by then has happened. */
  async finish<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = (): void => void (isSettled = true);
    work.then(settled, settled);
    const bound = this.#bound();
    await this.#play(() => isSettled, bound);
    await this.#rest(bound);
    return work;
  }

  /** Lets so much time pass, and everything happen that is due in it. */
  async advance(ms: number): Promise<void> {
    const bound = this.#bound();
    await this.#pass(ms, bound);
    await this.#rest(bound);
  }

  /** At rest is whoever lets a marker pass with nothing else between. */
  async #rest(bound: () => boolean): Promise<void> {
    const { trace } = this.scheduler;
    for (let before = -1; trace.steps !== before + 1;) {
      before = trace.steps;
      await this.#pass(0, bound);
    }
  }

  async #pass(ms: number, bound: () => boolean): Promise<void> {
    let isOver = false;
    this.scheduler.schedule(ms, "the test waits until here", () => (isOver = true));
    await this.#play(() => isOver, bound);
  }

  async #play(isDone: () => boolean, bound: () => boolean): Promise<void> {
    await this.scheduler.play(() => isDone() || bound());
    if (!isDone()) this.#giveUp(bound());
  }

  /** True when one call of the test has brought about more than it may. */
  #bound(): () => boolean {
    const { trace } = this.scheduler;
    const entriesMax = this.#entries + ENTRIES_MAX;
    const stepsMax = trace.steps + STEPS_MAX;
    return () => this.#entries > entriesMax || trace.steps > stepsMax;
  }

  #giveUp(isTooMuch: boolean): never {
    const at = tellMs(this.nowMs - this.beginMs);
    const why = isTooMuch
      ? `one call of the test has brought about more than ${ENTRIES_MAX} history entries (ENTRIES_MAX) or ${STEPS_MAX} steps, and at +${at} there is more to come; it turns in a circle, or the time is too long to pass at once`
      : `at +${at} nothing is left that could happen, and the test waits`;
    return failTest(
      `the flow does not come to rest: ${why}`,
      [],
      this.#busiest(),
      VirtualTime.prototype.finish,
    );
  }
}
