/**
 * Who may do what over HTTP.
 * A1  A request is judged before its body is read. Every refusal of a key takes the same steps and has the same shape, whether the key is
 *     unknown, wrong, expired, revoked or absent: nobody learns which.
 * A2  `operate` includes `read`, `admin` includes both. What a route needs stands with the route; one that says nothing needs `read` for
 *     GET and `operate` for everything else.
 * A3  Where keys are optional a request without one is its machine's own; one with a wrong key is refused all the same.
 * A4  An answer that goes on and on ends with the key that asked for it.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { hasCode } from "@sluice/contracts/problem";
import { engineError } from "../../../core/errors.ts";
import type { ApiKeyRow, ApiScope, Store } from "../../../core/ports.ts";
import { hashSecret, isSameHash, readBearer } from "./api-key.ts";
import { createKeyRing, isAlive } from "./key-ring.ts";
import type { KeyRing } from "./key-ring.ts";
import { createKeyWatch } from "./key-watch.ts";
import { createRateLimit } from "./rate-limit.ts";
import type { RateLimit } from "./rate-limit.ts";

export interface AccessOptions {
  /** Whether each request needs a key. @default false */
  readonly isKeyRequired?: boolean;
  /** Most requests of one key in a second. @default 2000 */
  readonly keyRequestsPerSecond?: number;
}

/** Who sends a request. */
export interface Caller {
  readonly keyId: string;
  readonly name: string;
  readonly scopes: readonly ApiScope[];
}

declare module "fastify" {
  interface FastifyRequest {
    /** Null where no key was needed and none was given. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    /** What a key must allow for this route; null where keys have no say. */
    scope?: ApiScope | null;
  }
}

const KEY_REQUESTS_DEFAULT = 2_000;
const KEY_REQUESTS_MAX = 1_000_000;
const RANK = { read: 0, operate: 1, admin: 2 } as const satisfies Record<ApiScope, number>;
/** Compared with where no key is found, so that this takes as long as where one is. */
const NO_HASH = hashSecret("");

export interface Access {
  readonly ring: KeyRing;
  /** @throws FLOW_UNAUTHENTICATED (unauthenticated) · FLOW_FORBIDDEN (forbidden) · FLOW_RATE_LIMITED (overloaded) */
  check(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Aborted, with FLOW_UNAUTHENTICATED as its reason, a moment after the key of the caller has ended while the answer is under way. */
  untilKeyEnds(caller: Caller | null, reply: FastifyReply): AbortSignal;
}

/** @throws FLOW_BAD_OPTION (invalid) */
export function createAccess(store: Pick<Store, "listApiKeys">, options: AccessOptions = {}): Access {
  const { isKeyRequired = false, keyRequestsPerSecond = KEY_REQUESTS_DEFAULT } = options;
  if (!(keyRequestsPerSecond >= 1 && keyRequestsPerSecond <= KEY_REQUESTS_MAX)) {
    throw engineError(
      "FLOW_BAD_OPTION",
      `access: keyRequestsPerSecond is ${keyRequestsPerSecond}, expected a number from 1 to ${KEY_REQUESTS_MAX}`,
    );
  }
  const monotonicMs = (): number => performance.now();
  const ring = createKeyRing(store, monotonicMs);
  const limit = createRateLimit(keyRequestsPerSecond, monotonicMs);
  const watch = createKeyWatch(ring, unauthenticated);
  return {
    ring,
    untilKeyEnds: (caller, { raw }) => watch(caller?.keyId ?? null, raw),
    async check(request, reply) {
      try {
        await check(request, ring, limit, isKeyRequired);
      } catch (error) {
        if (hasCode(error, "FLOW_UNAUTHENTICATED")) void reply.header("www-authenticate", CHALLENGE);
        throw error;
      }
    },
  };
}

/** The same for every refusal, as the body is. @see RFC 9110 section 15.5.2; RFC 6750 section 3 */
const CHALLENGE = 'Bearer realm="sluice"';

async function check(
  request: FastifyRequest,
  ring: KeyRing,
  limit: RateLimit,
  isKeyRequired: boolean,
): Promise<void> {
  request.caller = null;
  const needed = neededScope(request);
  if (needed === null) return;
  const given = readBearer(request.headers.authorization);
  if (given === null && !isKeyRequired) return;
  const key = await ring.find(given?.keyId ?? "");
  const isRight = isSameHash(hashSecret(given?.secret ?? ""), key?.hash ?? NO_HASH);
  if (key === undefined || !isRight || !isAlive(key, Date.now())) throw unauthenticated();
  limit.take(key.keyId, key.name);
  assertScope(key, needed);
  request.caller = { keyId: key.keyId, name: key.name, scopes: key.scopes };
}

function neededScope({ method, routeOptions }: FastifyRequest): ApiScope | null {
  const { scope } = routeOptions.config;
  return scope === undefined ? (method === "GET" || method === "HEAD" ? "read" : "operate") : scope;
}

function assertScope({ name, scopes }: ApiKeyRow, needed: ApiScope): void {
  if (scopes.some((scope) => RANK[scope] >= RANK[needed])) return;
  throw engineError(
    "FLOW_FORBIDDEN",
    `key ${name} may ${scopes.join(", ")}, expected one that may ${needed}`,
  );
}

function unauthenticated(): Error {
  return engineError(
    "FLOW_UNAUTHENTICATED",
    "no valid API key, expected one in the header: Authorization: Bearer slk_…",
  );
}
