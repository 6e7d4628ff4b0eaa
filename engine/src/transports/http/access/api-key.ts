/** API keys as text: `slk_<id>_<secret>`. The id finds the row; the secret is 32 random bytes, of which only the SHA-256 is stored. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

export interface NewApiKey {
  readonly keyId: string;
  /** What the caller keeps; nobody can show it again. */
  readonly text: string;
  readonly hash: string;
}

/** What a bearer token says; `keyId` is null when it is no key of ours. */
export interface GivenKey {
  readonly keyId: string | null;
  readonly secret: string;
}

const PREFIX = "slk";
const KEY = /^slk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$/;
const BEARER = /^Bearer +(\S+) *$/i;

export function makeApiKey(): NewApiKey {
  const keyId = randomBytes(6).toString("hex");
  const secret = randomBytes(32).toString("base64url");
  return { keyId, text: `${PREFIX}_${keyId}_${secret}`, hash: hashSecret(secret) };
}

/** Null when the header is absent; anything else that is no key is compared all the same, and fits nothing. */
export function readBearer(header: string | undefined): GivenKey | null {
  if (header === undefined) return null;
  const token = BEARER.exec(header)?.[1] ?? "";
  const [, keyId, secret] = KEY.exec(token) ?? [];
  return keyId === undefined || secret === undefined ? { keyId: null, secret: token } : { keyId, secret };
}

export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** In constant time, for hashes of equal length. */
export function isSameHash(given: string, stored: string): boolean {
  const [a, b] = [Buffer.from(given, "utf8"), Buffer.from(stored, "utf8")];
  return a.length === b.length && timingSafeEqual(a, b);
}
