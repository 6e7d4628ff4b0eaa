import type { Json } from "@sluice/contracts/envelope";
import { checkFlow } from "../core/check-flow.ts";
import { didYouMean, finding, quote, THE_FLOW } from "../core/findings.ts";
import type { Finding, Place } from "../core/findings.ts";
import type { SchemaFault } from "../core/flow.ts";
import { isLoose, stateNamed } from "../core/flow-view.ts";
import type { FlowView } from "../core/flow-view.ts";
import { getPointer, splitPointer, toPointer } from "../core/pointer.ts";
import { readFlow } from "../core/read-flow.ts";
import { compileSchema, tryCompileSchema } from "./compile-schema.ts";
import { FLOW_SCHEMA } from "./flow-schema.ts";
import { inspectConstants } from "./inspect-constants.ts";
import { inspectSchedule } from "./inspect-schedule.ts";
import { slowPatterns } from "./slow-patterns.ts";

/**
 * Everything that can be found wrong with a definition, in code or from a file: its shape, the schemas in it, and what `checkFlow` finds.
 * A fault of shape is left out where `checkFlow` says the same in better words.
 */
export function inspectFlow(definition: unknown): readonly Finding[] {
  const checked = checkFlow(definition);
  const said = new Set(checked.filter(({ severity }) => severity === "error").map(({ path }) => path));
  const shape = firstOfEach(shapeFaults(definition)).filter(({ path }) => !said.has(path));
  const flow = readFlow(definition);
  return [
    ...shape.map((fault) => shapeFinding(definition, fault)),
    ...schemaFindings(flow),
    ...inspectConstants(flow),
    ...inspectSchedule(flow, checked),
    ...checked,
  ];
}

function shapeFaults(definition: unknown): readonly SchemaFault[] {
  try {
    // Compiled with the first definition, and remembered: a program that only imports this file does not pay for it.
    return compileSchema(FLOW_SCHEMA)(withoutFunctions(definition, "", "")) ?? [];
  } catch (error) {
    if (error instanceof RangeError)
      return [{ path: "", message: "contains itself, or is nested too deeply" }];
    throw error;
  }
}

/** Of a value of the wrong type nothing else is told: it breaks every other rule of its place too. */
function firstOfEach(faults: readonly SchemaFault[]): readonly SchemaFault[] {
  const ofType = new Set(faults.flatMap(({ path, message }) => (TYPES[message] === undefined ? [] : [path])));
  return faults.filter(({ path, message }) => TYPES[message] !== undefined || !ofType.has(path));
}

/** In code a rule may be a function; for its shape any rule that a file could hold stands in for it. */
function withoutFunctions(value: unknown, key: string, parent: string): unknown {
  if (typeof value === "function") return standIn(key, parent) ?? value;
  if (Array.isArray(value)) return value.map((item) => withoutFunctions(item, key, parent));
  if (!isLoose(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => [name, withoutFunctions(field, name, key)]),
  );
}

function standIn(key: string, parent: string): unknown {
  if (key === "guard") return { schema: {} };
  if (key === "update") return "merge";
  if (key === "each") return "/";
  if (key === "data" && parent === "migrations") return { set: {} };
  return parent === "send" ? "data" : undefined;
}

/** The types of JSON, which the validator names in its own words, in those of who writes a flow. */
const TYPES: Readonly<Record<string, string>> = {
  "must be object": "an object",
  "must be array": "a list",
  "must be string": "a text",
  "must be integer": "a whole number",
  "must be number": "a number",
};

function shapeFinding(definition: unknown, { path, message }: SchemaFault): Finding {
  const [part, name] = splitPointer(path);
  const place = part === "states" && name !== undefined ? stateNamed(name) : THE_FLOW;
  const value = path === "" ? definition : getPointer(definition as Json, path);
  const type = TYPES[message];
  if (value === undefined || !message.startsWith("must be ")) {
    return finding("wrong-shape", place, {
      path,
      found: `is wrong at ${path || "/"}, which ${message}`,
      expected: "the shape that the schema of the file format describes",
    });
  }
  return finding("wrong-shape", place, {
    path,
    found: `has ${type === undefined ? quote(value) : describeValue(value)} at ${path || "/"}`,
    expected: type ?? message.slice("must be ".length),
    hint: typeof value === "string" ? didYouMean(value, permittedWords(message)) : null,
  });
}

/** The texts that a sentence such as `must be one of "data", "command"` permits. */
function permittedWords(message: string): readonly string[] {
  return [...message.matchAll(/"([^"]*)"/g)].flatMap(([, word]) => word ?? []);
}

/** A value and its type, where quotes alone would not tell a text from what it spells. */
export function describeValue(value: unknown): string {
  if (value === null) return "nothing";
  if (typeof value === "function") return "a function";
  return typeof value === "string" ? `${quote(value)} (a text)` : quote(value);
}

/** Every JSON Schema in the definition is compiled here once, so that a wrong one is found before a run meets it. */
function schemaFindings(flow: FlowView): readonly Finding[] {
  const guards = [...flow.states.values()].flatMap(({ name, on, join }) =>
    [...on, ...(join?.then ?? [])].flatMap(({ raw, path }) =>
      isLoose(raw?.["guard"])
        ? [{ place: stateNamed(name), path: `${path}/guard/schema`, schema: raw["guard"]["schema"] }]
        : [],
    ),
  );
  const schemas: readonly SchemaAt[] = [
    { place: { ...THE_FLOW, subject: "the data" }, path: "/data", schema: flow.raw["data"] },
    ...[...flow.events].map(([type, schema]) => ({
      place: { subject: `event ${type}`, state: null },
      path: toPointer(["events", type]),
      schema,
    })),
    ...[...flow.commands].map(([type, { raw, path }]) => ({
      place: { subject: `command ${type}`, state: null },
      path: `${path}/data`,
      schema: raw["data"],
    })),
    ...guards,
  ];
  return [
    ...schemas.flatMap(schemaFinding),
    ...schemas.flatMap(patternFindings),
    ...dataFinding(flow.raw["data"]),
  ];
}

function patternFindings({ place, path, schema }: SchemaAt): readonly Finding[] {
  return slowPatterns(schema).map(({ path: at, pattern }) =>
    finding("slow-pattern", place, {
      path: path + at,
      found: `has the pattern ${quote(pattern)}, which repeats what is repeated already`,
      expected: "one that every text is matched against in a moment",
      hint: "a text can be made for such a pattern that keeps the process busy for ever, unless the parts cannot be mistaken for one another",
    }),
  );
}

interface SchemaAt {
  readonly place: Place;
  readonly path: string;
  readonly schema: unknown;
}

function schemaFinding({ place, path, schema }: SchemaAt): readonly Finding[] {
  if (!isLoose(schema)) return [];
  const compiled = tryCompileSchema(schema);
  if (typeof compiled === "function") return [];
  // The meta-schema knows several shapes of a keyword and tells of each that it is not the one: the first is enough.
  const first = compiled.filter(
    (fault, index) => compiled.findIndex(({ path: other }) => other === fault.path) === index,
  );
  return first.map((fault) =>
    finding("bad-schema", place, {
      path: path + fault.path,
      found: `has a schema that is wrong: ${fault.path}${fault.path === "" ? "" : " "}${fault.message}`,
      expected: "a JSON Schema of draft 2020-12",
      hint: fault.hint ?? null,
    }),
  );
}

/** Rules, updates and merges all take the data of a run as an object. */
function dataFinding(data: unknown): readonly Finding[] {
  if (!isLoose(data) || data["type"] === undefined || data["type"] === "object") return [];
  return [
    finding("bad-schema", THE_FLOW, {
      path: "/data/type",
      found: "has data that is no object",
      expected: 'a schema with the type "object"',
      hint: "put the value into a field of an object",
    }),
  ];
}
