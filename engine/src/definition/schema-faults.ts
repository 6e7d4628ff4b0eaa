/**
 * What is wrong with a JSON Schema, all of it, each with its place. A compiler of schemas stops at the first keyword or format that it does
 * not know and does not tell where; so each part of the schema is looked at by itself here, once it is known that something is wrong.
 */
import type { Json } from "@sluice/contracts/envelope";
import { didYouMean, quote } from "../core/findings.ts";
import type { SchemaFault } from "../core/flow.ts";
import { isLoose } from "../core/flow-view.ts";
import type { Loose } from "../core/flow-view.ts";
import { getPointer, toPointer } from "../core/pointer.ts";

/** Keywords under which other schemas stand: by name, in a list, or one alone. */
const NAMED = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"];
const LISTED = ["allOf", "anyOf", "oneOf", "prefixItems"];
const SINGLE = [
  "items",
  "contains",
  "unevaluatedItems",
  "additionalProperties",
  "unevaluatedProperties",
  "propertyNames",
  "not",
  "if",
  "then",
  "else",
];
/** They name a schema, or lead to one: that is looked at with the whole in view. */
const NAMING = ["$id", "$ref", "$dynamicRef", "$dynamicAnchor"];

/** A schema within a schema. */
export interface Part {
  readonly schema: Loose;
  readonly path: string;
}

/** What a compiler of schemas knows. */
export interface Words {
  readonly keywords: readonly string[];
  readonly formats: readonly string[];
}

/** Every keyword and every format in a schema that means nothing. */
export function unknownWords(schema: unknown, { keywords, formats }: Words): readonly SchemaFault[] {
  return partsOf({ schema, path: "" }).flatMap(({ schema: part, path }) => [
    ...Object.keys(part)
      .filter((key) => !keywords.includes(key))
      .map((key) => ({
        path: path + toPointer([key]),
        message: "is no keyword of JSON Schema",
        ...hintFor(key, keywords),
      })),
    ...(typeof part["format"] !== "string" || formats.includes(part["format"])
      ? []
      : [
          {
            path: `${path}/format`,
            message: `is ${quote(part["format"])}, a format that nobody knows`,
            ...hintFor(part["format"], formats),
          },
        ]),
  ]);
}

function hintFor(word: string, known: readonly string[]): Pick<SchemaFault, "hint"> {
  const hint = didYouMean(word, known);
  return hint === null ? {} : { hint };
}

/** What `explain` says of the parts of a schema, each without the schemas in it. */
export function brokenParts(
  schema: unknown,
  explain: (schema: object) => string | null,
): readonly SchemaFault[] {
  return partsOf({ schema, path: "" }).flatMap(({ schema: part, path }) => {
    const message = explain(withoutParts(part));
    return message === null ? [] : [{ path, message }];
  });
}

/** Every reference of a schema that leads nowhere, to what is not `isKnown`, or round in a circle. Those by name are the compiler's business. */
export function lostReferences(
  schema: unknown,
  isKnown: (document: string) => boolean,
): readonly SchemaFault[] {
  const parts = partsOf({ schema, path: "" });
  const hasNames = parts.some(({ schema: part }) => "$id" in part);
  return parts.flatMap(({ schema: part, path }) => {
    const message = hasNames ? null : whyLost(schema, part["$ref"], isKnown);
    return message === null ? [] : [{ path: `${path}/$ref`, message }];
  });
}

function whyLost(schema: unknown, ref: unknown, isKnown: (document: string) => boolean): string | null {
  const passed = new Set<unknown>();
  for (let next = ref; typeof next === "string";) {
    if (passed.has(next)) return "leads round in a circle, and to no schema";
    passed.add(next);
    if (!next.startsWith("#") && isKnown(next)) return null;
    if (!next.startsWith("#"))
      return `leads to ${quote(next)}, and another document is not followed; put what it names under $defs`;
    if (!next.startsWith("#/") || next.includes("%")) return null;
    const pointer = next.slice(1);
    const found = getPointer(schema as Json, pointer);
    if (found === undefined) return `leads nowhere: there is no ${pointer}`;
    next = isLoose(found) && Object.keys(found).length === 1 ? found["$ref"] : undefined;
  }
  return null;
}

/** A schema and all that stand in it. */
export function partsOf({
  schema,
  path,
}: {
  readonly schema: unknown;
  readonly path: string;
}): readonly Part[] {
  if (!isLoose(schema)) return [];
  return [{ schema, path }, ...innerOf({ schema, path }).flatMap(partsOf)];
}

function innerOf({ schema, path }: Part): readonly { readonly schema: unknown; readonly path: string }[] {
  return Object.entries(schema).flatMap(([key, value]) => {
    const at = path + toPointer([key]);
    if (SINGLE.includes(key)) return [{ schema: value, path: at }];
    if (LISTED.includes(key) && Array.isArray(value))
      return value.map((schema: unknown, index) => ({ schema, path: `${at}/${index}` }));
    if (NAMED.includes(key) && isLoose(value))
      return Object.entries(value).map(([name, schema]) => ({ schema, path: at + toPointer([name]) }));
    return [];
  });
}

/** A schema whose inner ones take anything. */
function withoutParts(schema: Loose): Loose {
  const entries = Object.entries(schema)
    .filter(([key]) => !NAMING.includes(key))
    .map(([key, value]): [string, unknown] => {
      if (SINGLE.includes(key)) return [key, true];
      if (LISTED.includes(key) && Array.isArray(value)) return [key, value.map(() => true)];
      if (NAMED.includes(key) && isLoose(value)) return [key, mapValues(value)];
      return [key, value];
    });
  return Object.fromEntries(entries);
}

/** A list among the values tells which fields go together; it is no schema. */
function mapValues(schemas: Loose): Loose {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, value]) => [name, Array.isArray(value) ? value : true]),
  );
}
