import { Type } from "typebox";
import type { Caller } from "../access/access.ts";
import {
  KEY_GRACE_SECONDS_DEFAULT,
  KEY_GRACE_SECONDS_MAX,
  KEY_LIFETIME_SECONDS,
  KEY_NAME_CHARS_MAX,
  KEY_NAME_PATTERN,
} from "../access/key-rules.ts";
import type { ApiKey, Keys, NewKey } from "../access/manage-keys.ts";
import { problemResponses } from "../problem-responses.ts";
import type { ApiApp } from "./api-app.ts";
import { takeAbsentBody } from "./asked.ts";
import { bindCursor, cutPage, linkNext, openCursor } from "./pages.ts";
import { PageQuery, pageOf } from "./schemas.ts";
import { toIso } from "./iso-time.ts";

const tags = ["keys"];
const Scopes = Type.Array(Type.Enum(["read", "operate", "admin"]), {
  minItems: 1,
  maxItems: 1,
  description: "One: `operate` includes `read`, and `admin` both.",
  examples: [["operate"]],
});
const KeyName = Type.String({ minLength: 1, maxLength: KEY_NAME_CHARS_MAX, pattern: KEY_NAME_PATTERN });
const Lifetime = Type.Integer({
  minimum: KEY_LIFETIME_SECONDS.min,
  maximum: KEY_LIFETIME_SECONDS.max,
  description: "Seconds from now until it ends. Left out: until it is revoked.",
});
const Grace = Type.Integer({
  minimum: 0,
  maximum: KEY_GRACE_SECONDS_MAX,
  default: KEY_GRACE_SECONDS_DEFAULT,
});
const KeyView = {
  keyId: Type.String(),
  name: Type.String(),
  scopes: Type.Array(Type.String()),
  createdAt: Type.String({ format: "date-time" }),
  expiresAt: Type.Union([Type.String({ format: "date-time" }), Type.Null()]),
  revokedAt: Type.Union([Type.String({ format: "date-time" }), Type.Null()]),
};
export const Key = Type.Object(KeyView, {
  $id: "Key",
  description: "An API key, without what only its owner knows.",
});
const KeyWithText = Type.Object({
  ...KeyView,
  key: Type.String({ description: "The key itself, shown this once." }),
});
const KeyParams = Type.Object({ id: Type.String({ pattern: "^[a-z0-9]{12}$" }) });
const config = { scope: "admin" } as const;
const FAULTS = { 401: "FLOW_UNAUTHENTICATED", 403: "FLOW_FORBIDDEN" };

/** `GET /v1/keys`, `POST /v1/keys`, `POST /v1/keys/{id}/rotate`, `DELETE /v1/keys/{id}` */
export function addKeyRoutes(app: ApiApp, keys: Keys): void {
  app.get(
    "/v1/keys",
    {
      config,
      schema: {
        operationId: "listKeys",
        tags,
        summary: "List API keys",
        description: "Oldest first, those that have ended too. Never the keys themselves.",
        querystring: PageQuery,
        response: {
          200: pageOf("Key", "A page of keys."),
          ...problemResponses({ ...FAULTS, 400: "FLOW_BAD_CURSOR" }),
        },
      },
    },
    async (request, reply) => {
      const after = openCursor({ list: "keys" }, request.query.cursor);
      const rows = [...(await keys.list())].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
      const page = cutPage(rows, request.query.limit, {
        of: placeOf,
        isBehind: (row) => after === undefined || placeOf(row) > after,
      });
      const next = bindCursor({ list: "keys" }, page.cursor);
      linkNext(request, reply, next);
      return { items: page.items.map(viewKey), cursor: next };
    },
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
        response: { 201: KeyWithText, ...problemResponses({ ...FAULTS, 409: "FLOW_TOO_MANY_KEYS" }) },
      },
    },
    async ({ body, caller }, reply) => {
      const { name, scopes, expiresInSeconds } = body;
      const wish = { name, scopes, endsInMs: toMs(expiresInSeconds) };
      const made = viewNew(await keys.create(wish, byOf(caller)));
      return reply.code(201).header("location", `/v1/keys/${made.keyId}`).send(made);
    },
  );
  app.post(
    "/v1/keys/:id/rotate",
    {
      config,
      preValidation: takeAbsentBody,
      schema: {
        operationId: "rotateKey",
        tags,
        summary: "Replace an API key without a gap",
        description:
          "Makes a new key with the same name, scopes and end; the old one goes on for `graceSeconds`, an hour without a body.",
        params: KeyParams,
        body: Type.Object({ graceSeconds: Grace }, { additionalProperties: false }),
        response: {
          201: KeyWithText,
          ...problemResponses({ ...FAULTS, 404: "FLOW_UNKNOWN_KEY", 409: "FLOW_TOO_MANY_KEYS" }),
        },
      },
    },
    async ({ params, body, caller }, reply) => {
      const made = viewNew(await keys.rotate(params.id, body.graceSeconds * 1_000, byOf(caller)));
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
      await keys.revoke(params.id, byOf(caller));
      return reply.code(204).send();
    },
  );
}

/** Its place in the list: by age, and by id among those of one moment. */
function placeOf({ createdAtMs, keyId }: ApiKey): string {
  return `${toIso(createdAtMs)}/${keyId}`;
}

function viewNew({ row, key }: NewKey) {
  return { ...viewKey(row), key };
}

function viewKey({ keyId, name, scopes, createdAtMs, expiresAtMs, revokedAtMs }: ApiKey) {
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

/** Who acts, for the record. */
function byOf(caller: Caller | null): string {
  return caller?.name ?? "local";
}
