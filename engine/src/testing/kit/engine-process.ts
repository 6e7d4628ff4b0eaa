import type { Clock } from "../../core/ports.ts";
import type { Random } from "../simulation/random.ts";
import type { EventOwner } from "../simulation/scheduler.ts";
import type { CrashMoment, CrashPlan } from "./crash-plan.ts";
import { Heart } from "./heart.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface ProcessPorts {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly crashes: CrashPlan;
  nextSightMs(afterMs: number): number;
  died(): void;
}

/** A heartbeat is known by its interval, so it is one that nobody else takes. */
const HEARTBEAT_MS = 199_999;
/** What the kit's engines hold their lanes for: long, since nobody else wants them. The engine beats three times in it. */
export const LEASE_MS = 3 * HEARTBEAT_MS;

/**
 * A process that an engine lives in, without the process, so that it can die as by SIGKILL.
 * K1  A dead process does nothing more: what it waited for never comes, its timers are gone; what had left it is on its way all the same.
 * K2  Each commit and each call of a participant is a step of its own in virtual time, so no engine can spin between two of them unseen.
 */
export class EngineProcess implements EventOwner {
  readonly clock: Clock;
  readonly heart: Heart;
  readonly death: Promise<void>;
  readonly #ports: ProcessPorts;
  readonly #noticeDeath: () => void;
  #isAlive = true;

  constructor(ports: ProcessPorts) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ports = ports;
    this.death = promise;
    this.#noticeDeath = resolve;
    this.heart = new Heart(ports.time, this, ports.nextSightMs);
    this.clock = this.#createClock();
  }

  admits(): boolean {
    return this.#isAlive;
  }

  /** Something this process asks of another. */
  async reach<T>(effect: () => Promise<T>): Promise<T> {
    if (!this.#isAlive) return never();
    try {
      const value = await effect();
      return this.#isAlive ? value : never();
    } catch (error) {
      if (this.#isAlive) throw error;
      return never();
    }
  }

  /** The same at a place where it may be told to die, with the events and commands that are at stake there. */
  async pass<T>(place: "commit" | "send", words: readonly string[], effect: () => Promise<T>): Promise<T> {
    this.#dieIf(`before ${place}`, words);
    await this.#step(place);
    const value = await this.reach(effect);
    this.#dieIf(`after ${place}`, words);
    return this.#isAlive ? value : never();
  }

  crash(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#noticeDeath();
    this.#ports.died();
  }

  #dieIf(moment: CrashMoment, words: readonly string[]): void {
    if (this.#isAlive && this.#ports.crashes.strikes(moment, words)) this.crash();
  }

  #step(label: string): Promise<void> {
    return new Promise((resolve) => void this.#ports.time.scheduler.schedule(0, label, resolve, this));
  }

  #createClock(): Clock {
    const { time, random } = this.#ports;
    const { scheduler } = time;
    return {
      monotonicMs: () => scheduler.readMs(),
      schedule: (delayMs, callback) =>
        delayMs === HEARTBEAT_MS
          ? this.heart.arm(callback)
          : scheduler.schedule(delayMs, "timer", callback, this),
      random: () => random.next(),
      newId: () => random.uuid(),
    };
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}
