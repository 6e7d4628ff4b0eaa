import type { Run } from "../core/run.ts";
import type { SeenEvent } from "../core/ports.ts";

/** A run as its owner holds it. `seen` grows with the run; on a failed batch the entry is evicted, never repaired. */
export interface CachedRun {
  run: Run;
  readonly seen: Map<string, SeenEvent>;
}

/** The owner's cache: only the single writer of a lane may trust it, and only under its epoch. Least recently used go first. */
export class RunCache {
  readonly #max: number;
  readonly #runs = new Map<string, CachedRun>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#runs.size;
  }

  get(runId: string): CachedRun | undefined {
    const cached = this.#runs.get(runId);
    if (cached !== undefined) {
      this.#runs.delete(runId);
      this.#runs.set(runId, cached);
    }
    return cached;
  }

  /** As `get`, without counting as a use. */
  peek(runId: string): CachedRun | undefined {
    return this.#runs.get(runId);
  }

  set(runId: string, cached: CachedRun): void {
    this.#runs.delete(runId);
    this.#runs.set(runId, cached);
    if (this.#runs.size <= this.#max) return;
    for (const oldest of this.#runs.keys()) {
      this.#runs.delete(oldest);
      if (this.#runs.size <= this.#max) return;
    }
  }

  delete(runId: string): void {
    this.#runs.delete(runId);
  }

  dropLane(lane: number): void {
    for (const [runId, { run }] of this.#runs) if (run.lane === lane) this.#runs.delete(runId);
  }
}
