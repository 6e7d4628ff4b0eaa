import type { Json } from "@sluice/contracts/envelope";
import { engineError } from "../../core/errors.ts";

/**
 * What a transactional participant gets from the memory store: its tables, as values by key.
 * Its writes are seen by itself at once, by others after the batch's commit.
 */
export interface MemoryTransaction {
  /** A copy of the value; undefined when there is none. */
  get(key: string): Json | undefined;
  set(key: string, value: Json): void;
  delete(key: string): void;
  /** Adds to a number that starts at 0; answers the sum. */
  increment(key: string, by?: number): number;
}

/** Writes of one batch over the committed values; null stands for a deleted one. */
export type ValueChanges = Map<string, string | null>;

/** The transaction as one call of a participant sees it. After `close` it refuses, so that a handler that comes late changes nothing. */
export function openMemoryTransaction(
  committed: ReadonlyMap<string, string>,
  changes: ValueChanges,
): { readonly transaction: MemoryTransaction; close(): void } {
  let isOpen = true;
  const assertOpen = (): void => {
    if (!isOpen) {
      throw engineError(
        "FLOW_HANDLER_TIMEOUT",
        "the transaction was used after its call had ended; await everything before the handler returns",
      );
    }
  };
  const get = (key: string): Json | undefined => {
    assertOpen();
    const changed = changes.get(key);
    const text = changed === undefined ? committed.get(key) : changed;
    return text == null ? undefined : (JSON.parse(text) as Json);
  };
  const set = (key: string, value: Json): void => {
    assertOpen();
    changes.set(key, JSON.stringify(value));
  };
  const transaction: MemoryTransaction = {
    get,
    set,
    delete: (key) => {
      assertOpen();
      changes.set(key, null);
    },
    increment: (key, by = 1) => {
      const sum = Number(get(key) ?? 0) + by;
      set(key, sum);
      return sum;
    },
  };
  return { transaction, close: () => (isOpen = false) };
}
