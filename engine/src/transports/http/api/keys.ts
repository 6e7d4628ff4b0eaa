import { Type } from "typebox";
import { engineError } from "../../../core/errors.ts";
import type { ApiKeyRow } from "../../../core/ports.ts";
import { makeApiKey } from "../access/api-key.ts";
import type { KeyRing } from "../access/key-ring.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp, ApiEngine } from "./api-app.ts";
import { toIso } from "./views.ts";

const tags = ["keys"];
const Scopes = Type.Array(Type.Enum(["read", "operate", "admin"]), {
  minItems: 1,
  maxItems: 3,
  uniqueItems: true,
});
const KeyName = Type.String({ minLength: 1, maxLength: 100, pattern: "^[A-Za-z0-9][A-Za-z0-9 ._@-]*$" });
/** A year: a key that never ends is asked for by leaving the field out. */
const Lifetime = Type.Integer({
  minimum: 1,
  maximum: 31_536_000,
  description: "Seconds from now until it ends.",
});
const KeyView = {
  keyId: Type.String(),
  name: Type.String(),
  scopes: Type.Array(Type.String()),
  createdAt: Type.String({ format: "date-time" }),
  expiresAt: Type.Union([Type.String({ format: "date-time" }), Type.Null()]),
  revokedAt: Type.Union([Type.String({ format: "date-time" }), Type.Null()]),
};
const Key = Type.Object(KeyView);
const NewKey = Type.Object({
  ...KeyView,
  key: Type.String({ description: "The key itself, shown this once." }),
});
const KeyParams = Type.Object({ id: Type.String({ pattern: "^[a-z0-9]{12}$" }) });
const config = { scope: "admin" } as const;
const FAULTS = { 401: "FLOW_UNAUTHENTICATED", 403: "FLOW_FORBIDDEN" };

/** `GET /v1/keys`, `POST /v1/keys`, `POST /v1/keys/{id}/rotate`, `DELETE /v1/keys/{id}` */
export function addKeyRoutes(app: ApiApp, engine: ApiEngine, ring: KeyRing): void {
  const { store, operator } = engine;
  app.get(
    "/v1/keys",
    {
      config,
      schema: {
        operationId: "listKeys",
        tags,
        summary: "List API keys",
        description: "Oldest first, those that have ended too. Never the keys themselves.",
        response: { 200: Type.Object({ items: Type.Array(Key) }), ...problemResponses(FAULTS) },
      },
    },
    async () => ({ items: (await store.listApiKeys()).map(viewKey) }),
  );
  app.post(
    "/v1/keys",
    {
      config,
      schema: {
        operationId: "createKey",
        tags,
        summary: "Make an API key",
        body: Type.Object(
          { name: KeyName, scopes: Scopes, expiresInSeconds: Type.Optional(Lifetime) },
          { additionalProperties: false },
        ),
        response: { 201: NewKey, ...problemResponses({ ...FAULTS, 409: "FLOW_TOO_MANY_KEYS" }) },
      },
    },
    async ({ body, caller }, reply) => {
      const { name, scopes, expiresInSeconds } = body;
      const made = await addKey(store, { name, scopes, endsInMs: toMs(expiresInSeconds) });
      await operator.record(
        "key.create",
        { keyId: made.keyId, name, scopes },
        { by: caller?.name ?? "local" },
      );
      ring.forget();
      return reply.code(201).header("location", `/v1/keys/${made.keyId}`).send(made);
    },
  );
  app.post(
    "/v1/keys/:id/rotate",
    {
      config,
      schema: {
        operationId: "rotateKey",
        tags,
        summary: "Replace an API key without a gap",
        description: "Makes a new key with the same name and scopes; the old one goes on for `graceSeconds`.",
        params: KeyParams,
        body: Type.Object(
          { graceSeconds: Type.Integer({ minimum: 0, maximum: 604_800, default: 3_600 }) },
          { additionalProperties: false },
        ),
        response: {
          201: NewKey,
          ...problemResponses({ ...FAULTS, 404: "FLOW_UNKNOWN_KEY", 409: "FLOW_TOO_MANY_KEYS" }),
        },
      },
    },
    async ({ params, body, caller }, reply) => {
      const old = await requireKey(store, params.id);
      const made = await addKey(store, { name: old.name, scopes: old.scopes, endsInMs: remainingMs(old) });
      await store.endApiKey(old.keyId, Date.now() + body.graceSeconds * 1_000);
      await operator.record(
        "key.rotate",
        { keyId: old.keyId, name: old.name, newKeyId: made.keyId },
        { by: caller?.name ?? "local" },
      );
      ring.forget();
      return reply.code(201).header("location", `/v1/keys/${made.keyId}`).send(made);
    },
  );
  app.delete(
    "/v1/keys/:id",
    {
      config,
      schema: {
        operationId: "revokeKey",
        tags,
        summary: "End an API key now",
        params: KeyParams,
        response: { 204: { type: "null" }, ...problemResponses({ ...FAULTS, 404: "FLOW_UNKNOWN_KEY" }) },
      },
    },
    async ({ params, caller }, reply) => {
      const { keyId, name } = await requireKey(store, params.id);
      await store.endApiKey(keyId, null);
      await operator.record("key.revoke", { keyId, name }, { by: caller?.name ?? "local" });
      ring.forget();
      return reply.code(204).send();
    },
  );
}

type KeyStore = Pick<ApiEngine["store"], "addApiKey" | "listApiKeys">;

/** Keys are held in memory and looked through; more than this many are a mistake. Ended ones do not count. */
export const KEYS_MAX = 1_000;

/** Makes a key and keeps its hash. `key` of the answer is shown this once. */
export async function addKey(
  store: KeyStore,
  { name, scopes, endsInMs }: Pick<ApiKeyRow, "name" | "scopes"> & { readonly endsInMs: number | null },
): Promise<ReturnType<typeof viewKey> & { readonly key: string }> {
  const alive = (await store.listApiKeys()).filter(({ revokedAtMs }) => revokedAtMs === null);
  if (alive.length >= KEYS_MAX)
    throw engineError(
      "FLOW_TOO_MANY_KEYS",
      `${alive.length} keys are in use, at most ${KEYS_MAX} may be; revoke some`,
    );
  const { keyId, hash, text } = makeApiKey();
  const expiresAtMs = endsInMs === null ? null : Date.now() + endsInMs;
  const row = await store.addApiKey({ keyId, name, scopes, hash, expiresAtMs });
  return { ...viewKey(row), key: text };
}

async function requireKey(store: KeyStore, keyId: string): Promise<ApiKeyRow> {
  const key = (await store.listApiKeys()).find((row) => row.keyId === keyId && row.revokedAtMs === null);
  if (key !== undefined) return key;
  throw engineError("FLOW_UNKNOWN_KEY", `no key ${keyId}, expected the id of one that is not revoked`);
}

function viewKey({ keyId, name, scopes, createdAtMs, expiresAtMs, revokedAtMs }: ApiKeyRow) {
  return {
    keyId,
    name,
    scopes: [...scopes],
    createdAt: toIso(createdAtMs),
    expiresAt: expiresAtMs === null ? null : toIso(expiresAtMs),
    revokedAt: revokedAtMs === null ? null : toIso(revokedAtMs),
  };
}

function toMs(seconds: number | undefined): number | null {
  return seconds === undefined ? null : seconds * 1_000;
}

/** A rotated key ends when the old one would have ended. */
function remainingMs({ expiresAtMs }: ApiKeyRow): number | null {
  return expiresAtMs === null ? null : Math.max(0, expiresAtMs - Date.now());
}
