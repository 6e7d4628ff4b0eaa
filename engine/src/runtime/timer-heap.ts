import type { TimerRow } from "../core/ports.ts";

/**
 * The timers of the near future, soonest first. A cleared timer stays in the heap until it is due but is no longer live,
 * so that clearing costs nothing and a cleared timer never makes anybody read its run.
 */
export class TimerHeap {
  readonly #heap: TimerRow[] = [];
  readonly #live = new Set<string>();

  get size(): number {
    return this.#live.size;
  }

  set(timer: TimerRow): void {
    const key = keyOf(timer);
    if (this.#live.has(key)) return;
    this.#live.add(key);
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (dueOf(heap, parent) <= timer.dueAtMs) break;
      swap(heap, at, parent);
      at = parent;
    }
  }

  clear(timer: Pick<TimerRow, "runId" | "number">): void {
    this.#live.delete(keyOf(timer));
  }

  /** When the soonest live timer is due; null when there is none. */
  nextDueAtMs(): number | null {
    this.#dropDead();
    return this.#heap[0]?.dueAtMs ?? null;
  }

  /** Takes at most `limit` timers that are due. They are no longer live. */
  takeDue(nowMs: number, limit: number): TimerRow[] {
    const due: TimerRow[] = [];
    while (due.length < limit) {
      this.#dropDead();
      const top = this.#heap[0];
      if (top === undefined || top.dueAtMs > nowMs) break;
      this.#pop();
      this.#live.delete(keyOf(top));
      due.push(top);
    }
    return due;
  }

  /** Forgets the timers of a lane that is no longer ours. */
  dropLane(lane: number): void {
    const kept = this.#heap.filter((timer) => timer.lane !== lane && this.#live.has(keyOf(timer)));
    this.#heap.length = 0;
    this.#live.clear();
    for (const timer of kept) this.set(timer);
  }

  #dropDead(): void {
    for (let top = this.#heap[0]; top !== undefined && !this.#live.has(keyOf(top)); top = this.#heap[0])
      this.#pop();
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let soonest = at;
      if (dueOf(heap, left) < dueOf(heap, soonest)) soonest = left;
      if (dueOf(heap, right) < dueOf(heap, soonest)) soonest = right;
      if (soonest === at) return;
      swap(heap, at, soonest);
      at = soonest;
    }
  }
}

function keyOf(timer: Pick<TimerRow, "runId" | "number">): string {
  return `${timer.runId}:${timer.number}`;
}

function dueOf(heap: readonly TimerRow[], at: number): number {
  return heap[at]?.dueAtMs ?? Number.POSITIVE_INFINITY;
}

function swap(heap: TimerRow[], a: number, b: number): void {
  const kept = heap[a];
  const other = heap[b];
  if (kept === undefined || other === undefined) return;
  heap[a] = other;
  heap[b] = kept;
}
