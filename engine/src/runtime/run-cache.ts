import type { SeenEvent } from "../core/ports.ts";
import { roughBytes } from "../core/rough-bytes.ts";
import type { PendingCommand, Run } from "../core/run.ts";

/** A run as its owner holds it. `seen` grows with the run; on a failed batch the entry is evicted, never repaired. */
export interface CachedRun {
  run: Run;
  readonly seen: Map<string, SeenEvent>;
}

/** What the parts of a run take in memory, about. Of JSON, an object takes three times what its text does. */
const RUN_BYTES = 1_000;
const EVENT_BYTES = 150;
const COMMAND_BYTES = 400;
const OBJECT_FACTOR = 3;

/** What a run takes in memory, about: its data as an object and as text, its events, and the commands that it waits for or could take back. */
function bytesOf({ run, seen }: CachedRun): number {
  let bytes = RUN_BYTES + (OBJECT_FACTOR + 1) * run.dataText.length + EVENT_BYTES * seen.size;
  for (const command of run.commands) bytes += bytesOfCommand(command);
  for (const step of run.steps) bytes += bytesOfCommand(step.undo);
  for (const step of run.compensation?.steps ?? []) bytes += bytesOfCommand(step.undo);
  return bytes;
}

function bytesOfCommand({ data }: Pick<PendingCommand, "data">): number {
  return COMMAND_BYTES + OBJECT_FACTOR * roughBytes(data);
}

/** Its bytes are those it came with: what grows meanwhile is counted when it is set again, and what is subtracted is what was added. */
interface Entry {
  readonly cached: CachedRun;
  readonly bytes: number;
}

/**
 * The owner's cache: only the single writer of a lane may trust it, and only under its epoch. Least recently used go first, by number and
 * by size, so that a few large runs do not fill the memory that many small ones would.
 */
export class RunCache {
  readonly #runsMax: number;
  readonly #bytesMax: number;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(runsMax: number, bytesMax = Number.POSITIVE_INFINITY) {
    this.#runsMax = runsMax;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(runId: string): CachedRun | undefined {
    const entry = this.#entries.get(runId);
    if (entry === undefined) return undefined;
    this.#entries.delete(runId);
    this.#entries.set(runId, entry);
    return entry.cached;
  }

  /** As `get`, without counting as a use. */
  peek(runId: string): CachedRun | undefined {
    return this.#entries.get(runId)?.cached;
  }

  set(runId: string, cached: CachedRun): void {
    this.delete(runId);
    const bytes = bytesOf(cached);
    this.#entries.set(runId, { cached, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#runsMax && this.#bytes <= this.#bytesMax) return;
      this.delete(oldest);
    }
  }

  delete(runId: string): void {
    const entry = this.#entries.get(runId);
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    this.#entries.delete(runId);
  }

  dropLane(lane: number): void {
    for (const [runId, { cached }] of this.#entries) if (cached.run.lane === lane) this.delete(runId);
  }
}
