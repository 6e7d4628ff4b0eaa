import type { Clock } from "../core/ports.ts";

/** Word for all who wait for it, each as long as it likes. Nobody is kept beyond that, though the word may never come. */
export class Broadcast {
  readonly #clock: Pick<Clock, "schedule">;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Pick<Clock, "schedule">) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Resolves with the next word, or after `waitMs`. */
  wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        disarm();
        this.#waiting.delete(wake);
        resolve();
      };
      const disarm = this.#clock.schedule(waitMs, wake);
      this.#waiting.add(wake);
    });
  }

  notify(): void {
    for (const wake of this.#waiting) wake();
  }
}
