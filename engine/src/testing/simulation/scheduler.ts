/**
 * The one who decides what happens next. Owns virtual time and everything that is still to happen.
 * S1  One thing happens at a time; whatever it sets off within the program (microtasks) is over before the next.
 * S2  Nothing waits for real time, and nothing happens that was not scheduled here: the same seed gives the same steps.
 */
import type { Trace } from "./trace.ts";

/** Whose events these are. A process that is frozen keeps them for later, one that is dead loses them. */
export interface EventOwner {
  /** False when the owner has taken the event over, or drops it. */
  admits(event: ScheduledEvent): boolean;
}

export interface ScheduledEvent {
  readonly label: string;
  readonly owner: EventOwner | null;
  readonly run: () => void;
  atMs: number;
  order: number;
  isOver: boolean;
}

/** How often a step may read a clock. A loop that never waits would go on for ever, and nothing could interrupt it. */
const READS_PER_STEP_MAX = 100_000;

/** How many steps share one turn of the event loop: the more, the less it costs; a step still sees the microtasks of the former done. */
const STEPS_PER_TURN = 64;

export class Scheduler {
  readonly trace: Trace;
  readonly #heap: ScheduledEvent[] = [];
  #nowMs = 0;
  #order = 0;
  #reads = 0;

  constructor(trace: Trace) {
    this.trace = trace;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** The time, for a clock of the engine's. Throws in a step that does not end. */
  readMs(): number {
    if (++this.#reads > READS_PER_STEP_MAX)
      throw new Error(
        `a step has read the clock ${READS_PER_STEP_MAX} times and does not end; something spins without waiting`,
      );
    return this.#nowMs;
  }

  /** Lets `run` happen after `delayMs`; the answer takes it back. */
  schedule(delayMs: number, label: string, run: () => void, owner: EventOwner | null = null): () => void {
    const event: ScheduledEvent = { label, owner, run, atMs: 0, order: 0, isOver: false };
    this.enqueue(event, delayMs);
    return () => (event.isOver = true);
  }

  enqueue(event: ScheduledEvent, delayMs: number): void {
    event.atMs = this.#nowMs + Math.max(0, delayMs);
    event.order = this.#order++;
    push(this.#heap, event);
  }

  sleep(delayMs: number, label: string, owner: EventOwner | null = null): Promise<void> {
    return new Promise((resolve) => void this.schedule(delayMs, label, resolve, owner));
  }

  /** Says what somebody did within the present step. */
  note(text: string): void {
    this.trace.add(this.#nowMs, `· ${text}`);
  }

  /** What this owner has still to come, by label. */
  pendingOf(owner: EventOwner): readonly string[] {
    return this.#heap.filter((event) => event.owner === owner && !event.isOver).map(({ label }) => label);
  }

  /** Goes on until `isDone`, or until nothing is left to happen. Throws what a step throws. */
  play(isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const turn = (): void => {
        if (isOver) return;
        try {
          isOver = isDone() || !this.#step();
          if (isOver) resolve();
        } catch (error) {
          isOver = true;
          reject(error as Error);
        }
      };
      // Node runs the microtasks of an immediate before the next one: a cheap and certain way to let everything settle.
      const feed = (): void => {
        if (isOver) return;
        for (let step = 0; step < STEPS_PER_TURN; step++) setImmediate(turn);
        setImmediate(feed);
      };
      feed();
    });
  }

  /** False when nothing is left to happen. */
  #step(): boolean {
    for (let event = pop(this.#heap); event !== undefined; event = pop(this.#heap)) {
      if (event.isOver) continue;
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      if (event.owner !== null && !event.owner.admits(event)) continue;
      event.isOver = true;
      this.#reads = 0;
      this.trace.add(this.#nowMs, event.label);
      event.run();
      return true;
    }
    return false;
  }
}

function isSooner(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: ScheduledEvent[], event: ScheduledEvent): void {
  let at = heap.push(event) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || isSooner(above, event)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: ScheduledEvent[]): ScheduledEvent | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const right = left + 1;
    const first = heap[left];
    const second = heap[right];
    if (first === undefined) break;
    const [child, index] = second !== undefined && isSooner(second, first) ? [second, right] : [first, left];
    if (isSooner(last, child)) break;
    heap[at] = child;
    at = index;
  }
  heap[at] = last;
  return top;
}
