import type { Clock, Store } from "../core/ports.ts";
import type { Run } from "../core/run.ts";
import { RunCache } from "./run-cache.ts";
import { Waiters } from "./waiters.ts";

interface RunEndsPorts {
  readonly store: Pick<Store, "getRun">;
  readonly clock: Clock;
  readonly waitersMax: number;
  /** The run as this process knows it, when it is in memory. */
  peek(runId: string): Run | undefined;
}

/** A run that ends in another process is noticed by looking, first soon, then less and less often. */
const LOOK_FIRST_MS = 50;
const LOOK_MS_MAX = 1_000;

/** Runs that ended here lately: a run may be over before its caller comes to wait for it. */
const ENDED_RUNS_MAX = 4_096;
const ENDED_BYTES_MAX = 16_777_216;
const NO_EVENTS = new Map();

/** Waiting for runs to end, wherever they run. */
export class RunEnds {
  readonly #ports: RunEndsPorts;
  readonly #waiters: Waiters;
  readonly #ended = new RunCache(ENDED_RUNS_MAX, ENDED_BYTES_MAX);
  /** Not listeners of a signal: to add one it would look through all that are there. */
  readonly #wakes = new Set<() => void>();
  #isStopping = false;

  constructor(ports: RunEndsPorts) {
    this.#ports = ports;
    this.#waiters = new Waiters(ports.waitersMax);
  }

  get size(): number {
    return this.#waiters.size;
  }

  end(run: Run): void {
    this.#ended.set(run.runId, { run, seen: NO_EVENTS });
    this.#waiters.end(run);
  }

  /** Nobody waits any longer: each is told how its run stands. */
  stop(): void {
    this.#isStopping = true;
    for (const wake of this.#wakes) wake();
  }

  /**
   * The final run, or null when it is not final after `waitMs`, or when `signal` or a stop ends the wait.
   * @throws FLOW_WAIT_FULL (overloaded), FLOW_STORE_UNAVAILABLE (unavailable)
   */
  async wait(runId: string, waitMs: number, signal?: AbortSignal): Promise<Run | null> {
    const { clock } = this.#ports;
    let ended: Run | null = null;
    let wake = (): void => {};
    const remove = this.#waiters.add(runId, (run) => {
      ended = run;
      wake();
    });
    const untilMs = clock.monotonicMs() + waitMs;
    const onEnd = (): void => wake();
    this.#wakes.add(onEnd);
    signal?.addEventListener("abort", onEnd);
    try {
      for (let lookMs = LOOK_FIRST_MS; ended === null; lookMs = Math.min(LOOK_MS_MAX, 2 * lookMs)) {
        const run = await this.#look(runId);
        if (run !== null || ended !== null) return ended ?? run;
        const leftMs = untilMs - clock.monotonicMs();
        if (leftMs <= 0 || this.#isStopping || signal?.aborted === true) return null;
        await new Promise<void>((resolve) => {
          const disarm = clock.schedule(Math.min(lookMs, leftMs), resolve);
          wake = () => {
            disarm();
            resolve();
          };
        });
      }
      return ended;
    } finally {
      remove();
      this.#wakes.delete(onEnd);
      signal?.removeEventListener("abort", onEnd);
    }
  }

  /** While the owner is this process its cache says "not yet" without a read, and what has ended here is known for a while. */
  async #look(runId: string): Promise<Run | null> {
    if (this.#ports.peek(runId) !== undefined) return null;
    const ended = this.#ended.peek(runId);
    if (ended !== undefined) return ended.run;
    const run = await this.#ports.store.getRun(runId);
    return run?.outcome == null ? null : run;
  }
}
