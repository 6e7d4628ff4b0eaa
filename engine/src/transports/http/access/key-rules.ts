/** What a key may be asked to be, whoever asks: over HTTP, or with the database at hand. */
import { engineError } from "../../../core/errors.ts";

/** A name stands in records, lists and terminals. */
export const KEY_NAME_CHARS_MAX = 100;
export const KEY_NAME_PATTERN = "^[A-Za-z0-9](?:[A-Za-z0-9 ._@-]*[A-Za-z0-9._@-])?$";
const KEY_NAME = new RegExp(KEY_NAME_PATTERN);

/** At least a second, at most a year: a key that lives until it is revoked is asked for by saying nothing. */
export const KEY_LIFETIME_SECONDS = { min: 1, max: 31_536_000 } as const;

/** Long enough to give a new key to everybody by hand. */
export const KEY_GRACE_SECONDS_DEFAULT = 3_600;
export const KEY_GRACE_SECONDS_MAX = 604_800;

/** @throws FLOW_BAD_QUERY (invalid). The name is not repeated: it may be what spoils a terminal. */
export function checkKeyName(name: string): void {
  if (name.length <= KEY_NAME_CHARS_MAX && KEY_NAME.test(name)) return;
  throw bad(
    `the name of a key has ${name.length} characters, expected 1 to ${KEY_NAME_CHARS_MAX} letters, digits, spaces and . _ @ -, the first a letter or a digit, the last no space`,
  );
}

/** @throws FLOW_BAD_QUERY (invalid) */
export function checkKeyLifetime(endsInMs: number | null): void {
  const { min, max } = KEY_LIFETIME_SECONDS;
  if (endsInMs === null || (endsInMs >= min * 1_000 && endsInMs <= max * 1_000)) return;
  throw bad(`a key is to live ${endsInMs} ms, expected ${min}s to 365d; or no end, until it is revoked`);
}

/** @throws FLOW_BAD_QUERY (invalid) */
export function checkKeyGrace(graceMs: number): void {
  if (graceMs >= 0 && graceMs <= KEY_GRACE_SECONDS_MAX * 1_000) return;
  throw bad(`the old key is to go on for ${graceMs} ms, expected 0s to 7d`);
}

function bad(message: string): Error {
  return engineError("FLOW_BAD_QUERY", message);
}
