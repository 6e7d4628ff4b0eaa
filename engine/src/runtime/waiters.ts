import { engineError } from "../core/errors.ts";
import type { Run } from "../core/run.ts";

/** Callers that wait for a run to end. Bounded, since each is an open request. */
export class Waiters {
  readonly #max: number;
  readonly #waiting = new Map<string, Set<(run: Run) => void>>();
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#count;
  }

  /** @throws FLOW_WAIT_FULL (overloaded) when too many wait already */
  add(runId: string, callback: (run: Run) => void): () => void {
    if (this.#count >= this.#max) {
      throw engineError(
        "FLOW_WAIT_FULL",
        `${this.#count} callers wait for runs, at most ${this.#max} may (waitersMax); ask without waiting`,
        {
          retryAfterMs: 1_000,
        },
      );
    }
    const callbacks = this.#waiting.get(runId) ?? new Set();
    this.#waiting.set(runId, callbacks.add(callback));
    this.#count++;
    return () => this.#remove(runId, callback);
  }

  /** Tells everybody who waits for this run that it has ended. */
  end(run: Run): void {
    const callbacks = this.#waiting.get(run.runId);
    if (callbacks === undefined) return;
    for (const callback of callbacks) callback(run);
  }

  #remove(runId: string, callback: (run: Run) => void): void {
    const callbacks = this.#waiting.get(runId);
    if (callbacks?.delete(callback) !== true) return;
    this.#count--;
    if (callbacks.size === 0) this.#waiting.delete(runId);
  }
}
