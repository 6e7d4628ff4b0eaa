/**
 * The stored keys in memory, so that a request costs no query and a flood of wrong keys none either.
 * A key that is made or ended elsewhere is known here after RING_MS at the latest; while the store is away the last known ones hold.
 */
import type { ApiKeyRow, Store } from "../../../core/ports.ts";

/** How old the ring may be before it is read again. */
const RING_MS = 1_000;

export interface KeyRing {
  /** The key with this id, as far as it is known. */
  find(keyId: string): Promise<ApiKeyRow | undefined>;
  /** Whether any key is stored that has not ended. */
  hasAny(): Promise<boolean>;
  /** Reads the keys anew with the next question. */
  forget(): void;
}

export function createKeyRing(store: Pick<Store, "listApiKeys">, monotonicMs: () => number): KeyRing {
  let keys: ReadonlyMap<string, ApiKeyRow> | null = null;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  const read = async (): Promise<void> => {
    try {
      keys = new Map((await store.listApiKeys()).map((row) => [row.keyId, row]));
      readAtMs = monotonicMs();
    } catch (error) {
      if (keys === null) throw error;
    } finally {
      reading = null;
    }
  };
  const current = async (): Promise<ReadonlyMap<string, ApiKeyRow>> => {
    if (keys === null || monotonicMs() - readAtMs > RING_MS) await (reading ??= read());
    return keys ?? new Map();
  };
  return {
    find: async (keyId) => (await current()).get(keyId),
    hasAny: async () => [...(await current()).values()].some((key) => isAlive(key, Date.now())),
    forget: () => {
      readAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}

export function isAlive({ expiresAtMs, revokedAtMs }: ApiKeyRow, nowMs: number): boolean {
  return revokedAtMs === null && (expiresAtMs === null || expiresAtMs > nowMs);
}
