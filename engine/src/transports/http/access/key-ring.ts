/**
 * The stored keys in memory, so that a request costs no query and a flood of wrong keys none either.
 * A key that is made or ended elsewhere is known here after RING_MS at the latest; while the store is away the last known ones hold.
 */
import type { ApiKeyRow, Store } from "../../../core/ports.ts";
import { createRecent } from "../recent.ts";

/** How old the ring may be before it is read again: so late every server knows a key that was made elsewhere. */
export const RING_MS = 1_000;

export interface KeyRing {
  /** The key with this id, as far as it is known. */
  find(keyId: string): Promise<ApiKeyRow | undefined>;
  /** Reads the keys anew with the next question. */
  forget(): void;
}

export function createKeyRing(store: Pick<Store, "listApiKeys">, monotonicMs: () => number): KeyRing {
  const read = async (): Promise<ReadonlyMap<string, ApiKeyRow>> =>
    new Map((await store.listApiKeys()).map((row) => [row.keyId, row]));
  const keys = createRecent(read, RING_MS, monotonicMs);
  return { find: async (keyId) => (await keys.get()).get(keyId), forget: keys.forget };
}

export function isAlive({ expiresAtMs, revokedAtMs }: ApiKeyRow, nowMs: number): boolean {
  return revokedAtMs === null && (expiresAtMs === null || expiresAtMs > nowMs);
}
