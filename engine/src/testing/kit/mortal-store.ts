import type { HistoryEntry } from "../../core/history.ts";
import type { Batch, Store, StoreWriter } from "../../core/ports.ts";
import type { EngineProcess } from "./engine-process.ts";

/** Whoever shares the store hears of what was written. */
export interface StoreListener {
  /** A batch was committed, with so many history entries. */
  committed(entries: number): void;
  /** Something waits in the store for an owner to look. */
  waits(): void;
}

type Method = (...args: readonly unknown[]) => Promise<unknown>;

/** Methods after which something waits for the next look of an owner. */
const LEAVE_WORK: ReadonlySet<string> = new Set<keyof Store>(["appendInbox", "addAction"]);

/** A store as a process reaches it that may die at any moment, and at a commit when it is told to. */
export function mortalStore(store: Store, process: EngineProcess, listener: StoreListener): Store {
  const methods = Object.entries(store).filter(
    (entry): entry is [string, Method] => typeof entry[1] === "function",
  );
  const mortal = methods.map(([name, work]): [string, Method] => [
    name,
    (...args) =>
      process.reach(async () => {
        const value = await work(...args);
        if (LEAVE_WORK.has(name)) listener.waits();
        return value;
      }),
  ]);
  return {
    ...store,
    ...(Object.fromEntries(mortal) as unknown as Omit<Store, "engineId">),
    openWriter: (name) =>
      process.reach(async () => mortalWriter(await store.openWriter(name), process, listener)),
  };
}

function mortalWriter(writer: StoreWriter, process: EngineProcess, listener: StoreListener): StoreWriter {
  return {
    openBatch: () => mortalBatch(writer.openBatch(), process, listener),
    close: () => process.reach(() => writer.close()),
  };
}

function mortalBatch(batch: Batch, process: EngineProcess, listener: StoreListener): Batch {
  return {
    loadRuns: (runIds) => process.reach(() => batch.loadRuns(runIds)),
    loadDeadLetters: (runIds) => process.reach(() => batch.loadDeadLetters(runIds)),
    withTransaction: (work) => process.reach(() => batch.withTransaction(work)),
    commit: (writes) => {
      const entries = writes.history.flatMap((row) => row.entries);
      return process.pass("commit", wordsOf(entries), async () => {
        await batch.commit(writes);
        listener.committed(entries.length);
      });
    },
    rollback: () => process.reach(() => batch.rollback()),
  };
}

/** Events that a batch takes in, and commands that it issues. */
function wordsOf(entries: readonly HistoryEntry[]): string[] {
  return entries.flatMap(({ type, commands = [] }) => [
    ...(type === undefined ? [] : [type]),
    ...commands.map((command) => command.type),
  ]);
}
