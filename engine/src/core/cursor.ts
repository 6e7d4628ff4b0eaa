import { engineError } from "./errors.ts";

/** Where a keyset page ends: ids and times of its last row, ASCII all of them. */
export type CursorKey = readonly (string | number)[];

/** The key as its caller carries it: base64url of a JSON array, opaque to everybody but the store. */
export function encodeCursor(key: CursorKey): string {
  return btoa(JSON.stringify(key)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What each part of a list's key is. */
type KeyPart = keyof typeof KEY_PARTS;

/** A cursor comes from outside: what reaches SQL is a time and a version that Postgres can hold, or a UUID. */
const KEY_PARTS = {
  time: (value: unknown) => isWhole(value, 8.64e15),
  version: (value: unknown) => isWhole(value, 2 ** 31 - 1),
  uuid: (value: unknown) => typeof value === "string" && UUID.test(value),
};
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The key a cursor stands for.
 * @throws FLOW_BAD_CURSOR (invalid) when the text is no cursor of this list
 */
export function decodeCursor(cursor: string, shape: readonly KeyPart[]): CursorKey {
  const key = parse(cursor);
  const fits =
    Array.isArray(key) && key.length === shape.length && shape.every((part, at) => KEY_PARTS[part](key[at]));
  if (!fits) {
    throw engineError(
      "FLOW_BAD_CURSOR",
      "the cursor is none that this list gave; take it unchanged from the page before, or leave it out",
    );
  }
  return key as CursorKey;
}

function isWhole(value: unknown, max: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return null;
  }
}
