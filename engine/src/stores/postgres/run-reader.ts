/**
 * Reads of single runs, many as one statement: planning a look into every period costs more than finding a run there.
 * G1  At idle a read leaves at once. What is asked for while reads are under way leaves together, when one of them is back.
 * G2  An error is that of every read of its statement, and of none beside it. A row that cannot be read fails those alone who asked for it.
 */
import type { Run } from "../../core/run.ts";

/** How many runs are read at once: enough to save exchanges, few enough that the largest of them fit into memory. */
const RUNS_READ_MAX = 64;
/** Statements under way at once; more of them would be smaller. */
const READS_MAX = 2;

type Settle = PromiseWithResolvers<Run | null>;

export class RunReader<Row extends { readonly runId: string }> {
  readonly #read: (runIds: readonly string[]) => Promise<readonly Row[]>;
  readonly #toRun: (row: Row) => Run;
  #waiting = new Map<string, Settle>();
  #reads = 0;
  #isWoken = false;

  constructor(read: (runIds: readonly string[]) => Promise<readonly Row[]>, toRun: (row: Row) => Run) {
    this.#read = read;
    this.#toRun = toRun;
  }

  /** The run as it is stored now, or null. @throws what the read throws */
  get(runId: string): Promise<Run | null> {
    const known = this.#waiting.get(runId);
    if (known !== undefined) return known.promise;
    const settle = Promise.withResolvers<Run | null>();
    this.#waiting.set(runId, settle);
    this.#wake();
    return settle.promise;
  }

  /** Who asks in the same turn is read together. */
  #wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      while (this.#waiting.size > 0 && this.#reads < READS_MAX) void this.#readSome();
    });
  }

  #settle({ resolve, reject }: Settle, row: Row | undefined): void {
    try {
      resolve(row === undefined ? null : this.#toRun(row));
    } catch (error) {
      reject(error);
    }
  }

  async #readSome(): Promise<void> {
    const some = [...this.#waiting].slice(0, RUNS_READ_MAX);
    for (const [runId] of some) this.#waiting.delete(runId);
    this.#reads++;
    try {
      const rows = new Map((await this.#read(some.map(([runId]) => runId))).map((row) => [row.runId, row]));
      for (const [runId, settle] of some) this.#settle(settle, rows.get(runId));
    } catch (error) {
      for (const [, { reject }] of some) reject(error);
    } finally {
      this.#reads--;
      this.#wake();
    }
  }
}
