/** Patterns that may take for ever: texts come from outside, and while one is matched nothing else happens in its process. */
import { safeRegex } from "safe-regex2";
import { isLoose } from "../core/flow-view.ts";
import { toPointer } from "../core/pointer.ts";
import { partsOf } from "./schema-faults.ts";

export interface SlowPattern {
  /** Where in the schema. */
  readonly path: string;
  readonly pattern: string;
}

/** Every pattern of a schema in which something that is repeated is repeated again. */
export function slowPatterns(schema: unknown): readonly SlowPattern[] {
  return partsOf({ schema, path: "" })
    .flatMap(({ schema: part, path }) => [
      { path: `${path}/pattern`, pattern: sourceOf(part["pattern"]) },
      ...Object.keys(isLoose(part["patternProperties"]) ? part["patternProperties"] : {}).map((pattern) => ({
        path: path + toPointer(["patternProperties", pattern]),
        pattern,
      })),
    ])
    .filter((each): each is SlowPattern => each.pattern !== null && !isSafe(each.pattern));
}

/** TypeBox takes a RegExp too. */
function sourceOf(pattern: unknown): string | null {
  if (pattern instanceof RegExp) return pattern.source;
  return typeof pattern === "string" ? pattern : null;
}

/** A single character so many times, `[0-9a-f]{4}`, is found in one way only; the library counts it as a repetition all the same. */
const EXACT_COUNT = /(?<=\]|\w)\{\d+\}/g;

function isSafe(pattern: string): boolean {
  return safeRegex(pattern.replaceAll(EXACT_COUNT, ""));
}
