/** JSON Pointer (RFC 6901) over plain JSON, without changing what it is given. */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import { isJsonObject } from "@sluice/contracts/envelope";

/** Keys that would reach into the prototype. A definition cannot name them. */
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** The parts of a pointer, or null when the text is none or names a forbidden key. */
export function parsePointer(pointer: string): readonly string[] | null {
  const parts = splitPointer(pointer);
  return parts.length === 0 || parts.some((part) => FORBIDDEN.has(part)) ? null : parts;
}

/** The parts of a pointer that only tells a place, whatever the keys on the way are called; none when the text is no pointer. */
export function splitPointer(pointer: string): readonly string[] {
  if (!pointer.startsWith("/")) return [];
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The pointer that names these parts. */
export function toPointer(parts: readonly (string | number)[]): string {
  return parts.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** The value a pointer names; undefined when there is none. */
export function getPointer(value: Json, pointer: string): Json | undefined {
  const parts = parsePointer(pointer);
  if (parts === null) return undefined;
  let at: Json | undefined = value;
  for (const part of parts) {
    if (Array.isArray(at)) at = (at as readonly Json[])[Number(part)];
    else if (isJsonObject(at) && Object.hasOwn(at, part)) at = at[part];
    else return undefined;
  }
  return at;
}

/** A copy of `target` with one value set; objects on the way are made where they are missing. */
export function setPointer(target: JsonObject, pointer: string, value: Json): JsonObject {
  const [head, ...rest] = parsePointer(pointer) ?? [];
  if (head === undefined) return target;
  return setAt(target, head, rest, value);
}

function setAt(target: JsonObject, head: string, rest: readonly string[], value: Json): JsonObject {
  const [next, ...others] = rest;
  if (next === undefined) return { ...target, [head]: value };
  const inner = Object.hasOwn(target, head) ? target[head] : undefined;
  return { ...target, [head]: setAt(isJsonObject(inner) ? inner : {}, next, others, value) };
}
