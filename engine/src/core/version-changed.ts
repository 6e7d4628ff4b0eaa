/** What of a definition is pinned by its version, and what is said to one that differs: where it does, and what to do. */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import { isJsonObject } from "@sluice/contracts/envelope";
import { engineError } from "./errors.ts";
import type { FlowVersionRow } from "./ports.ts";
import { toPointer } from "./pointer.ts";

/** Under this key stands the source text of a function, in a definition as JSON. */
export const FUNCTION_KEY = "$function";

/** Parts of a definition that are for readers, or say how runs come to its version: no run in it meets them. */
const FREE_PARTS: readonly string[] = ["description", "schedule", "migrations"];

/** A definition as runs of its version meet it: all that may not change once it is stored. */
export function pinnedPart(definition: JsonObject): JsonObject {
  const entries = Object.entries(definition).filter(([part]) => !FREE_PARTS.includes(part));
  const pinned = Object.fromEntries(entries);
  const { states } = pinned;
  return isJsonObject(states) ? { ...pinned, states: withoutDescriptions(states) } : pinned;
}

function withoutDescriptions(states: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      if (!isJsonObject(state)) return [name, state];
      const { description: _, ...pinned } = state;
      return [name, pinned];
    }),
  );
}

/** @throws FLOW_VERSION_CHANGED (conflict) when a version that is stored has another definition */
export function assertUnchanged(given: readonly FlowVersionRow[], stored: readonly FlowVersionRow[]): void {
  const changed = given.find(({ flow, version, hash }) =>
    stored.some((row) => row.flow === flow && row.version === version && row.hash !== hash),
  );
  if (changed !== undefined) throw versionChanged(changed, stored);
}

/** The refusal of a version; `stored` are all that the deployment keeps. */
export function versionChanged(given: FlowVersionRow, stored: readonly FlowVersionRow[]): Error {
  const { flow, version } = given;
  const kept = stored.filter((row) => row.flow === flow);
  const former = kept.find((row) => row.version === version)?.definition;
  const place =
    isJsonObject(former) && isJsonObject(given.definition)
      ? differsAt(pinnedPart(former), pinnedPart(given.definition), [])
      : null;
  const next = Math.max(version, ...kept.map((row) => row.version)) + 1;
  return engineError(
    "FLOW_VERSION_CHANGED",
    `flow ${flow} version ${version} is stored with another definition${place === null ? "" : `, which differs at ${place}`}; ` +
      `runs may be pinned to it, so give the changed one version ${next} and serve both, or begin with an empty database`,
    { fields: { flow, version } },
  );
}

/** JSON Pointer of the first difference; null where there is none. A value that is not there is undefined. */
function differsAt(one: Json | undefined, other: Json | undefined, at: readonly string[]): string | null {
  if (!isBranch(one) || !isBranch(other)) return one === other ? null : pointerOf(at);
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const place = differsAt(partOf(one, key), partOf(other, key), [...at, key]);
    if (place !== null) return place;
  }
  return Array.isArray(one) === Array.isArray(other) ? null : pointerOf(at);
}

/** A function as a whole, not its text. */
function pointerOf(at: readonly string[]): string {
  return toPointer(at.filter((key) => key !== FUNCTION_KEY));
}

type Branch = JsonObject | readonly Json[];

function isBranch(value: Json | undefined): value is Branch {
  return typeof value === "object" && value !== null;
}

function partOf(branch: Branch, key: string): Json | undefined {
  return Object.hasOwn(branch, key) ? (branch as JsonObject)[key] : undefined;
}
