import { createHash } from "node:crypto";
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import type { FlowDefinition } from "../core/flow.ts";
import { FUNCTION_KEY, pinnedPart } from "../core/version-changed.ts";

/**
 * A definition as plain JSON, to be stored and shown: a function becomes `{ "$function": "its source text" }`; everything else
 * stays as a file would hold it.
 */
export function flowToJson(definition: FlowDefinition): JsonObject {
  return toJson(definition) as JsonObject;
}

/**
 * What tells one definition from another under the same name and version: SHA-256 as 64 hex digits. The order of keys and the
 * descriptions of flow and states do not count, nor do `schedule` and `migrations`: they say how runs come to this version, not what
 * becomes of those that are in it. Everything else counts, the source text of functions with its spaces and comments.
 *
 * Limit: a function is known by its text alone. A change in a constant or a helper it closes over is not seen, so give the flow a new
 * version by hand then. The other way round, a function that was only laid out anew counts as changed: refusing a harmless change
 * costs a version number, accepting a harmful one costs the runs that began under the old rule.
 */
export function hashFlow(definition: FlowDefinition): string {
  const text = JSON.stringify(sortKeys(pinnedPart(flowToJson(definition))));
  return createHash("sha256").update(text).digest("hex");
}

function toJson(value: unknown): Json {
  switch (typeof value) {
    case "function":
      return { [FUNCTION_KEY]: value.toString() };
    case "object":
      if (value === null) return null;
      if (value instanceof RegExp) return value.source;
      if (Array.isArray(value)) return value.map(toJson);
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, field]) => field !== undefined)
          .map(([key, field]) => [key, toJson(field)]),
      );
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    default:
      return String(value);
  }
}

function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => [key, sortKeys(field)]),
  );
}
