/** Making, replacing and ending API keys, each with its record: over HTTP and by whoever has the database. */
import { setTimeout as sleep } from "node:timers/promises";
import { engineError } from "../../../core/errors.ts";
import type { ApiKeyRow, ApiScope, Store } from "../../../core/ports.ts";
import { makeApiKey } from "./api-key.ts";
import { isAlive } from "./key-ring.ts";

/** Keys are held in memory and looked through; more than this many are a mistake. Those that were revoked do not count. */
export const KEYS_MAX = 1_000;

/** A key as anybody may see it. */
export type ApiKey = Omit<ApiKeyRow, "hash">;

export interface NewKey {
  readonly row: ApiKey;
  /** The key itself: shown this once, and nowhere kept. */
  readonly key: string;
}

export interface KeyWish {
  readonly name: string;
  readonly scopes: readonly ApiScope[];
  /** How long it lives; null: until it is revoked. */
  readonly endsInMs: number | null;
}

export interface Keys {
  list(): Promise<readonly ApiKey[]>;
  /** @throws FLOW_TOO_MANY_KEYS (conflict) */
  create(wish: KeyWish, by: string): Promise<NewKey>;
  /**
   * Makes a key with the same name, scopes and end; the old one goes on for `graceMs`, so that nobody is locked out meanwhile.
   * @throws FLOW_UNKNOWN_KEY (missing), also of one that has ended · FLOW_TOO_MANY_KEYS (conflict)
   */
  rotate(keyId: string, graceMs: number, by: string): Promise<NewKey>;
  /** @throws FLOW_UNKNOWN_KEY (missing) */
  revoke(keyId: string, by: string): Promise<void>;
}

type KeyStore = Pick<Store, "addApiKey" | "listApiKeys" | "endApiKey" | "addAction">;

export interface ManageKeysOptions {
  /** Called after each change. @default nothing */
  readonly changed?: () => void;
  /** How long after it is made a key is shown, and its life begins: servers that hold keys know it by then. @default 0 */
  readonly shownAfterMs?: number;
}

/** `newId` makes the ids of the records. */
export function manageKeys(
  store: KeyStore,
  newId: () => string,
  { changed = () => {}, shownAfterMs = 0 }: ManageKeysOptions = {},
): Keys {
  const record = async (
    kind: string,
    by: string,
    subject: { readonly [name: string]: string },
  ): Promise<void> => {
    await store.addAction({
      actionId: newId(),
      kind,
      by,
      reason: null,
      state: "done",
      subject,
      job: null,
      lane: 0,
    });
    changed();
  };
  return {
    list: async () => (await store.listApiKeys()).map(withoutHash),
    async create(wish, by) {
      const endsInMs = wish.endsInMs === null ? null : wish.endsInMs + shownAfterMs;
      const made = await addKey(store, { ...wish, endsInMs });
      const { keyId, name, scopes } = made.row;
      await record("key.create", by, { keyId, name, scopes: scopes.join(" ") });
      await sleep(shownAfterMs);
      return made;
    },
    async rotate(keyId, graceMs, by) {
      const old = await requireAlive(store, keyId);
      const made = await addKey(store, { name: old.name, scopes: old.scopes, endsInMs: remainingMs(old) });
      await store.endApiKey(keyId, Date.now() + graceMs);
      await record("key.rotate", by, { keyId, name: old.name, newKeyId: made.row.keyId });
      await sleep(shownAfterMs);
      return made;
    },
    async revoke(keyId, by) {
      const { name } = await requireKey(store, keyId);
      await store.endApiKey(keyId, null);
      await record("key.revoke", by, { keyId, name });
    },
  };
}

async function addKey(store: KeyStore, { name, scopes, endsInMs }: KeyWish): Promise<NewKey> {
  const alive = (await store.listApiKeys()).filter(({ revokedAtMs }) => revokedAtMs === null);
  if (alive.length >= KEYS_MAX)
    throw engineError(
      "FLOW_TOO_MANY_KEYS",
      `${alive.length} keys are in use, at most ${KEYS_MAX} may be; revoke some`,
    );
  const { keyId, hash, text } = makeApiKey();
  const expiresAtMs = endsInMs === null ? null : Date.now() + endsInMs;
  const row = await store.addApiKey({ keyId, name, scopes, hash, expiresAtMs });
  return { row: withoutHash(row), key: text };
}

async function requireKey(store: KeyStore, keyId: string): Promise<ApiKeyRow> {
  const key = (await store.listApiKeys()).find((row) => row.keyId === keyId && row.revokedAtMs === null);
  if (key !== undefined) return key;
  throw engineError("FLOW_UNKNOWN_KEY", `no key ${keyId}, expected the id of one that is not revoked`);
}

/** The key that replaces one has its end, and so it would be over when it is made. */
async function requireAlive(store: KeyStore, keyId: string): Promise<ApiKeyRow> {
  const key = await requireKey(store, keyId);
  if (isAlive(key, Date.now())) return key;
  throw engineError(
    "FLOW_UNKNOWN_KEY",
    `key ${keyId} of ${key.name} has expired, expected one that is valid; make a new one`,
  );
}

function withoutHash({ hash: _, ...row }: ApiKeyRow): ApiKey {
  return row;
}

function remainingMs({ expiresAtMs }: ApiKeyRow): number | null {
  return expiresAtMs === null ? null : Math.max(0, expiresAtMs - Date.now());
}
