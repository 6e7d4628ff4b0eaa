/** What a command carries, as functions of the run's data. */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import { engineError } from "./errors.ts";
import { FAN_OUT_MAX } from "./flow.ts";
import type { EachElement, Projection, Projections, UndoProjection } from "./flow.ts";
import { getPointer } from "./pointer.ts";

export function compileUndoProjection(projection: UndoProjection): (data: JsonObject, carried: Json) => Json {
  if (projection === "command") return (_, carried) => carried;
  if (typeof projection === "function") return projection;
  return compileProjection(projection);
}

/** One command, or one for each element of a list. */
export function compileProjections(
  type: string,
  projection: Projections,
): (data: JsonObject) => readonly Json[] {
  if (typeof projection === "object" && "each" in projection) return compileEach(type, projection);
  const project = compileProjection(projection);
  return (data) => [project(data)];
}

export function compileProjection(projection: Projection): (data: JsonObject) => Json {
  if (projection === "data") return (data) => data;
  if (typeof projection === "function") return projection;
  return (data) => pickFields(data, projection.pick);
}

function pickFields(data: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(data, name)).map((name) => [name, data[name] ?? null]),
  );
}

type Each = Extract<Projections, { readonly each: unknown }>;

function compileEach(type: string, projection: Each): (data: JsonObject) => readonly Json[] {
  const list =
    typeof projection.each === "function" ? projection.each : listElements(projection as EachElement);
  return (data) => {
    const elements = list(data);
    if (Array.isArray(elements) && elements.length <= FAN_OUT_MAX) return elements;
    const found = Array.isArray(elements) ? `${elements.length} elements` : typeof elements;
    throw engineError(
      "FLOW_RULE_FAILED",
      `${type} is sent for each of ${found}, expected a list of at most ${FAN_OUT_MAX} (FAN_OUT_MAX)`,
    );
  };
}

function listElements({ each, as, pick = [] }: EachElement): (data: JsonObject) => readonly Json[] {
  return (data) => {
    const elements = getPointer(data, each);
    // What is no list is told by the caller, which knows the command.
    if (!Array.isArray(elements) || as === undefined) return elements as readonly Json[];
    return elements.map((element) => ({ ...pickFields(data, pick), [as]: element }));
  };
}
