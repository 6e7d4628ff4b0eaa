import { engineError } from "../../core/errors.ts";
import type { Batch, BatchWrites, DeadLetterRow, LoadedRun, StoreWriter } from "../../core/ports.ts";
import { commitBatch } from "./commit-batch.ts";
import { deadLettersOf } from "./list-dead-letters.ts";
import { loadRuns } from "./load-runs.ts";
import type { MemoryDatabase, OpenTransaction } from "./memory-database.ts";
import { openMemoryTransaction } from "./memory-transaction.ts";
import type { ValueChanges } from "./memory-transaction.ts";

export function openMemoryWriter(
  database: MemoryDatabase,
  engineId: string,
  name: string,
  onClose: () => void,
): StoreWriter & { end(): void } {
  let current: MemoryBatch | null = null;
  let isClosed = false;
  const end = (): void => {
    isClosed = true;
    current?.end();
  };
  return {
    openBatch() {
      if (isClosed) throw engineError("FLOW_STORE_UNAVAILABLE", `writer ${name} is closed`);
      if (current?.isOpen === true)
        throw engineError(
          "FLOW_UNEXPECTED",
          `writer ${name} has an open batch; commit it or roll it back first`,
        );
      current = new MemoryBatch(database, engineId);
      return current;
    },
    end,
    close() {
      end();
      onClose();
      return Promise.resolve();
    },
  };
}

/** One batch. Its transaction begins with the first participant and ends with `commit`, `rollback` or from outside. */
class MemoryBatch implements Batch, OpenTransaction {
  readonly engineId: string;
  readonly #database: MemoryDatabase;
  #state: "open" | "finished" | "ended" = "open";
  #changes: ValueChanges = new Map();

  constructor(database: MemoryDatabase, engineId: string) {
    this.#database = database;
    this.engineId = engineId;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  async loadRuns(runIds: readonly string[]): Promise<readonly LoadedRun[]> {
    this.#assertOpen();
    return loadRuns(this.#database, runIds);
  }

  async loadDeadLetters(runIds: readonly string[]): Promise<readonly DeadLetterRow[]> {
    this.#assertOpen();
    return deadLettersOf(this.#database, runIds);
  }

  async withTransaction<T>(work: (transaction: unknown) => Promise<T>): Promise<T> {
    this.#assertOpen();
    this.#database.transactions.add(this);
    if (!(await this.#database.turns.take(this))) this.#assertOpen();
    const before = new Map(this.#changes);
    const { transaction, close } = openMemoryTransaction(this.#database.values, this.#changes);
    try {
      return await work(transaction);
    } catch (error) {
      this.#changes = before;
      throw error;
    } finally {
      close();
    }
  }

  async commit(writes: BatchWrites): Promise<void> {
    this.#assertOpen();
    try {
      commitBatch(this.#database, writes, this.#changes);
    } finally {
      this.#finish("finished");
    }
  }

  rollback(): Promise<void> {
    if (this.#state === "open") this.#finish("finished");
    return Promise.resolve();
  }

  /** As when the database ends the session of an owner that lost its lease: nothing of the batch remains. */
  end(): void {
    if (this.#state === "open") this.#finish("ended");
  }

  #finish(state: "finished" | "ended"): void {
    this.#state = state;
    this.#changes = new Map();
    this.#database.transactions.delete(this);
    this.#database.turns.leave(this);
  }

  #assertOpen(): void {
    if (this.#state === "ended")
      throw engineError("FLOW_STORE_UNAVAILABLE", "the batch's transaction was ended; nothing was written");
    if (this.#state === "finished")
      throw engineError("FLOW_UNEXPECTED", "the batch is over already; open another one");
  }
}
