/** The times of a run by its history alone: when it began, when it last changed, and when it can have entered its state. */
import type { HistoryEntry } from "./history.ts";
import type { Run } from "./run.ts";

export class HistoryTimes {
  #bornMs: number | null = null;
  #changedMs: number | null = null;
  #state: string | null = null;
  /** A transition may lead to the state in which a run is already: each of these entries may have been one. */
  readonly #enteredMs = new Set<number>();

  add({ atMs, state, kind }: HistoryEntry): void {
    this.#bornMs ??= atMs;
    this.#changedMs = atMs;
    // A migration that keeps the visit under another name keeps its time.
    if (state !== this.#state && kind !== "migrated") this.#enteredMs.clear();
    this.#state = state;
    this.#enteredMs.add(atMs);
  }

  /** What of the run does not fit: a part of a sentence for each. */
  faults({ createdAtMs, updatedAtMs, enteredAtMs }: Run): readonly string[] {
    const faults: string[] = [];
    const find = (column: string, foundMs: number, expected: string) =>
      faults.push(`column ${column} of runs says ${told(foundMs)}, expected ${expected}`);
    if (createdAtMs !== this.#bornMs)
      find("created_at", createdAtMs, `${told(this.#bornMs)}, when it was started`);
    if (updatedAtMs !== this.#changedMs)
      find("updated_at", updatedAtMs, `${told(this.#changedMs)}, when it last changed`);
    if (!this.#enteredMs.has(enteredAtMs)) {
      const [firstMs = null] = this.#enteredMs;
      find("entered_at", enteredAtMs, `${told(firstMs)}, when it entered state ${this.#state}`);
    }
    return faults;
  }
}

function told(ms: number | null): string {
  return isTime(ms) ? new Date(ms).toISOString() : String(ms);
}

/** The last moment that JavaScript can name. */
const TIME_MS_MAX = 8.64e15;

/** Whether a time is one that can be shown: Postgres also has moments before and after all others. */
export function isTime(ms: number | null): ms is number {
  return ms !== null && ms >= 0 && ms <= TIME_MS_MAX;
}
