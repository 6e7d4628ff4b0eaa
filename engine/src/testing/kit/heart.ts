import type { EventOwner } from "../simulation/scheduler.ts";
import type { VirtualTime } from "./virtual-time.ts";

/**
 * An engine looks after its lanes at each heartbeat: for timers that come near, schedules, jobs and what waits in the inbox. Here its
 * heart beats when there is something to see instead of every third of a lease. So nothing is late, and time with nothing in it costs nothing.
 */
export class Heart {
  readonly #time: VirtualTime;
  readonly #owner: EventOwner;
  /** Store time at which there is something to see, strictly after a time; infinity when there is nothing. */
  readonly #nextSightMs: (afterMs: number) => number;
  #beat: (() => void) | null = null;
  #disarm: () => void = () => {};
  #beatAtMs: number;
  #isWanted = false;

  constructor(time: VirtualTime, owner: EventOwner, nextSightMs: (afterMs: number) => number) {
    this.#time = time;
    this.#owner = owner;
    this.#nextSightMs = nextSightMs;
    // Whatever is due when an engine starts it sees by itself.
    this.#beatAtMs = time.nowMs;
  }

  /** Takes what is to be called at the next beat; the answer takes it back. */
  arm(beat: () => void): () => void {
    this.#beat = beat;
    this.arrange();
    return () => {
      this.#disarm();
      if (this.#beat === beat) this.#beat = null;
    };
  }

  /** Something waits to be seen at once. */
  wake(): void {
    this.#isWanted = true;
    this.arrange();
  }

  /** The store has changed: there may be something to see sooner, or no longer. */
  arrange(): void {
    this.#disarm();
    if (this.#beat === null) return;
    const { nowMs, scheduler } = this.#time;
    const atMs = this.#isWanted ? nowMs : this.#nextSightMs(this.#beatAtMs);
    if (atMs === Number.POSITIVE_INFINITY) return;
    this.#disarm = scheduler.schedule(atMs - nowMs, "heartbeat", () => this.#fire(), this.#owner);
  }

  #fire(): void {
    const beat = this.#beat;
    this.#beat = null;
    this.#isWanted = false;
    this.#beatAtMs = this.#time.nowMs;
    beat?.();
  }
}
