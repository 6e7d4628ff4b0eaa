/**
 * News that a broker has a command, kept back for a while: its answer is usually close behind, and both together are one write of the run.
 * Nobody waits for such news. What a crash takes of it, the next owner makes again by sending the command again.
 * L1  News goes before whatever else comes to its run, or by itself when its time is over; never after.
 */
import type { QueueItem } from "./queue-item.ts";

/** Long enough for an answer that waits its turn under load; so much is sent again after a crash. */
export const LATE_MS = 1_000;

interface Kept {
  readonly items: QueueItem[];
  readonly dueAtMs: number;
}

export class LateDeliveries {
  /** By run, in order of the first of it, which is that in which they are due. */
  readonly #kept = new Map<string, Kept>();

  /** Runs of which there is news. */
  get size(): number {
    return this.#kept.size;
  }

  keep(item: QueueItem, nowMs: number): void {
    const kept = this.#kept.get(item.runId);
    if (kept === undefined) this.#kept.set(item.runId, { items: [item], dueAtMs: nowMs + LATE_MS });
    else kept.items.push(item);
  }

  /** What there is of a run, in order. */
  take(runId: string): readonly QueueItem[] {
    const kept = this.#kept.get(runId);
    if (kept === undefined) return NOTHING;
    this.#kept.delete(runId);
    return kept.items;
  }

  /** News that has waited for long enough, the oldest first; at `Infinity`, all. */
  takeDue(nowMs: number): QueueItem[] {
    const due: QueueItem[] = [];
    for (const [runId, { items, dueAtMs }] of this.#kept) {
      if (dueAtMs > nowMs) break;
      this.#kept.delete(runId);
      due.push(...items);
    }
    return due;
  }

  /** A lane has gone: its next owner sends again what is not settled. */
  dropLane(lane: number): void {
    for (const [runId, { items }] of this.#kept) if (items[0]?.lane === lane) this.#kept.delete(runId);
  }
}

const NOTHING: readonly QueueItem[] = [];
