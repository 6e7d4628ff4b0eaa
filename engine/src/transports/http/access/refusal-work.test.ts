/** What a refusal costs. Time itself is not measured: it would tell more about the machine than about the code. */
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { FastifyReply, FastifyRequest } from "fastify";
import { hasCode } from "../../../core/errors.ts";
import type { ApiKeyRow } from "../../../core/ports.ts";
import { createAccess } from "./access.ts";
import { makeApiKey } from "./api-key.ts";

/** SHA-256 as hex digits. */
const HASH_BYTES = 64;
const LONG_AGO_MS = 1;

const [alive, expired, revoked] = [makeApiKey(), makeApiKey(), makeApiKey()];
const KEYS: readonly ApiKeyRow[] = [
  keyRow(alive, {}),
  keyRow(expired, { expiresAtMs: LONG_AGO_MS }),
  keyRow(revoked, { revokedAtMs: LONG_AGO_MS }),
];
const REFUSED: Readonly<Record<string, string | undefined>> = {
  "an unknown key": makeApiKey().text,
  "a wrong secret": `slk_${alive.keyId}_${makeApiKey().text.slice(-43)}`,
  "an expired key": expired.text,
  "a revoked key": revoked.text,
  "a wrong secret of a revoked key": `slk_${revoked.keyId}_${makeApiKey().text.slice(-43)}`,
  "what is no key": "hunter2",
  "no key at all": undefined,
};

function keyRow({ keyId, hash }: { readonly keyId: string; readonly hash: string }, end: Partial<ApiKeyRow>) {
  const row = { keyId, name: keyId, scopes: ["admin"], hash, createdAtMs: 0 } as const;
  return { ...row, expiresAtMs: null, revokedAtMs: null, ...end };
}

test("each refusal of a key costs one look at the store, one hash and one comparison of whole hashes, as a key that is let in", async (t) => {
  assert.deepEqual(await workOf(t, alive.text), {
    isLetIn: true,
    looks: 1,
    hashes: 1,
    compared: [HASH_BYTES],
  });
  for (const [name, key] of Object.entries(REFUSED))
    assert.deepEqual(
      await workOf(t, key),
      { isLetIn: false, looks: 1, hashes: 1, compared: [HASH_BYTES] },
      name,
    );
});

/** What one request costs somebody who knows no keys yet, counted where it leaves our code: at the store and at node:crypto. */
async function workOf(t: TestContext, key: string | undefined) {
  let looks = 0;
  const listApiKeys = async () => {
    looks++;
    return KEYS;
  };
  const access = createAccess({ listApiKeys }, { isKeyRequired: true });
  const hash = t.mock.method(crypto, "createHash");
  const compare = t.mock.method(crypto, "timingSafeEqual");
  syncBuiltinESMExports();
  try {
    const isLetIn = await access.check(requestWith(key), REPLY).then(
      () => true,
      (error: unknown) => {
        assert.ok(hasCode(error, "FLOW_UNAUTHENTICATED"), String(error));
        return false;
      },
    );
    const compared = compare.mock.calls.map(({ arguments: [given] }) => given.byteLength);
    return { isLetIn, looks, hashes: hash.mock.callCount(), compared };
  } finally {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  }
}

/** As much of a request as a key is judged by. */
function requestWith(key: string | undefined): FastifyRequest {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return { method: "GET", routeOptions: { config: {} }, headers } as FastifyRequest;
}

const REPLY = { header: () => REPLY } as unknown as FastifyReply;
