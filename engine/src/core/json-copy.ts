import type { Json } from "@sluice/contracts/envelope";
import type { SchemaFault } from "./flow.ts";
import { toPointer } from "./pointer.ts";

/** How deep data may be nested. What is deeper overflows the stack of whoever serialises it, here or elsewhere. */
export const DEPTH_MAX = 100;

export type JsonCopy<T> =
  { readonly copy: T; readonly fault: null } | { readonly copy: null; readonly fault: SchemaFault };

/**
 * A value as it comes back from the store: a copy that shares nothing with its maker, without members that are undefined. What JSON would
 * change in silence (NaN into null, a Date into a text, a Map into nothing) is a fault, and so is what is nested beyond DEPTH_MAX: the
 * run in memory would be another than the run in the store. The fault says where, as a JSON Pointer.
 */
export function copyJson<T extends Json>(value: T): JsonCopy<T> {
  try {
    return { copy: copyOf(value, []) as T, fault: null };
  } catch (error) {
    if (error instanceof Unkeepable)
      return { copy: null, fault: { path: error.path, message: error.message } };
    throw error;
  }
}

/** Thrown from any depth, and never beyond `copyJson`. */
class Unkeepable extends Error {
  readonly path: string;
  constructor(path: readonly string[], message: string) {
    super(message);
    this.path = toPointer(path);
  }
}

/** `path` leads to the value, and is as long as the value is deep. */
function copyOf(value: unknown, path: string[]): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (!Number.isFinite(value)) throw new Unkeepable(path, `is ${value}, expected a finite number`);
      // JSON has no negative zero.
      return value + 0;
    case "object":
      if (value === null) return null;
      // The path would be as long as the fault says.
      if (path.length >= DEPTH_MAX)
        throw new Unkeepable(
          [],
          `is nested deeper than ${DEPTH_MAX} objects and lists; flatten it, or keep it as a text`,
        );
      return Array.isArray(value) ? copyOfList(value, path) : copyOfObject(value, path);
    default:
      throw new Unkeepable(
        path,
        `is ${typeof value === "undefined" ? "undefined" : `a ${typeof value}`}, ${EXPECTED}`,
      );
  }
}

const EXPECTED = "expected a plain object, a list, a text, a finite number, true, false or null";

function copyOfList(list: readonly unknown[], path: string[]): Json {
  const copy: Json[] = [];
  for (let at = 0; at < list.length; at++) {
    path.push(String(at));
    copy.push(copyOf(list[at], path));
    path.pop();
  }
  return copy;
}

function copyOfObject(object: object, path: string[]): Json {
  if (!isPlain(object))
    throw new Unkeepable(path, `is a ${object.constructor?.name ?? "thing"}, ${EXPECTED}`);
  const copy: Record<string, Json> = {};
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined) continue;
    path.push(name);
    if (name === "__proto__") throw new Unkeepable(path, "has a name that no member may have; rename it");
    copy[name] = copyOf(value, path);
    path.pop();
  }
  return copy;
}

/** Made by `{}`, by JSON or without a prototype, here or in another realm. */
function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
