import type { Run } from "../core/run.ts";
import type { SeenEvent } from "../core/ports.ts";

/** A run as its owner holds it. `seen` grows with the run; on a failed batch the entry is evicted, never repaired. */
export interface CachedRun {
  run: Run;
  readonly seen: Map<string, SeenEvent>;
}

/** What a run takes in memory, about: its data as an object and as text, and the rest of it. */
function bytesOf({ run }: CachedRun): number {
  return 1_000 + 4 * run.dataText.length;
}

/**
 * The owner's cache: only the single writer of a lane may trust it, and only under its epoch. Least recently used go first, by number and
 * by size, so that a few large runs do not fill the memory that many small ones would.
 */
export class RunCache {
  readonly #runsMax: number;
  readonly #bytesMax: number;
  readonly #runs = new Map<string, CachedRun>();
  #bytes = 0;

  constructor(runsMax: number, bytesMax = Number.POSITIVE_INFINITY) {
    this.#runsMax = runsMax;
    this.#bytesMax = bytesMax;
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
    this.delete(runId);
    this.#runs.set(runId, cached);
    this.#bytes += bytesOf(cached);
    for (const oldest of this.#runs.keys()) {
      if (this.#runs.size <= this.#runsMax && this.#bytes <= this.#bytesMax) return;
      this.delete(oldest);
    }
  }

  delete(runId: string): void {
    const cached = this.#runs.get(runId);
    if (cached === undefined) return;
    this.#bytes -= bytesOf(cached);
    this.#runs.delete(runId);
  }

  dropLane(lane: number): void {
    for (const [runId, { run }] of this.#runs) if (run.lane === lane) this.delete(runId);
  }
}
