import { isExplainable } from "@sluice/contracts/problem";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ErrorObject, ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { engineError } from "../core/errors.ts";
import type { CompileSchema, JsonSchema, SchemaFault, Validate } from "../core/flow.ts";
import { toPointer } from "../core/pointer.ts";
import { brokenParts, lostReferences, unknownWords } from "./schema-faults.ts";
import type { Words } from "./schema-faults.ts";

/** The most faults one check reports. More help nobody. */
export const FAULTS_MAX = 20;

/**
 * Turns a JSON Schema (draft 2020-12) or a TypeBox type into a check. Nothing is coerced, defaulted or removed: a value fits or it does
 * not. Formats are those of `ajv-formats`. The same schema object gives the same check.
 * @throws FLOW_BAD_DEFINITION (invalid) when the schema itself is wrong; the message says where in the schema
 */
export const compileSchema: CompileSchema = (schema) => {
  const compiled = tryCompileSchema(schema);
  if (typeof compiled === "function") return compiled;
  const faults = compiled.map(describeFault).join("; ");
  throw engineError("FLOW_BAD_DEFINITION", `a schema is no JSON Schema (2020-12): ${faults}`, {
    fields: { faults: compiled },
  });
};

function describeFault({ path, message, hint }: SchemaFault): string {
  return `${path || "/"} ${message}${hint === undefined ? "" : ` (${hint})`}`;
}

/** As `compileSchema`, but a wrong schema is an answer: where it is wrong, and how. */
export function tryCompileSchema(schema: JsonSchema): Validate | readonly SchemaFault[] {
  const known = compiledSchemas.get(schema);
  if (known !== undefined) return known;
  const compiled = compile(schema);
  if (typeof compiled === "function") compiledSchemas.set(schema, compiled);
  return compiled;
}

const compiledSchemas = new WeakMap<JsonSchema, Validate>();

function compile(schema: JsonSchema): Validate | readonly SchemaFault[] {
  try {
    return compilePlain(toPlainSchema(schema) as object);
  } catch (error) {
    const message =
      error instanceof RangeError ? "contains itself, or is nested too deeply" : messageOf(error);
    return [{ path: "", message }];
  }
}

function compilePlain(plain: object): Validate | readonly SchemaFault[] {
  // Names (`$id`) live as long as their ajv, and two flows may use one name for two things: such a schema gets ajvs of its own.
  const { first, every } = JSON.stringify(plain).includes('"$id"') ? createAjvs() : sharedAjvs;
  try {
    const isSchema = every.validateSchema(plain) === true;
    const wrong = [...(isSchema ? [] : toFaults(every.errors ?? [])), ...unknownWords(plain, WORDS)];
    const lost = lostReferences(plain, (document) => every.getSchema(document) !== undefined);
    const isSound = wrong.length + lost.length === 0;
    if (!isSound)
      return [...(wrong.length > 0 ? wrong : brokenParts(plain, whyBroken)), ...lost].slice(0, FAULTS_MAX);
    const isFit = compileOnce(first, plain);
    let explain: ValidateFunction | undefined;
    return (value) => {
      if (isFit(value)) return null;
      if (!isExplainable(value)) return toFaults(isFit.errors ?? []);
      // Compiled when it is first needed.
      explain ??= compileOnce(every, plain);
      explain(value);
      return toFaults(explain.errors ?? []);
    };
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const faults = brokenParts(plain, whyBroken);
    return faults.length > 0 ? faults.slice(0, FAULTS_MAX) : [{ path: "", message: messageOf(error) }];
  }
}

/** Null when it can be compiled. */
function whyBroken(schema: object): string | null {
  try {
    compileOnce(sharedAjvs.first, schema);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** Ajv's strictness is nothing that a reader of a flow could switch off. */
function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/^strict mode: /, "");
}

/** Without a trace in the ajv, which would otherwise keep each schema for ever. */
function compileOnce(ajv: Ajv2020, schema: object): ValidateFunction {
  const check = ajv.compile(schema);
  ajv.removeSchema(schema);
  return check;
}

/** One that stops at the first fault, and one that tells them all. */
function createAjvs(): { readonly first: Ajv2020; readonly every: Ajv2020 } {
  return { first: createAjv(false), every: createAjv(true) };
}

function createAjv(allErrors: boolean): Ajv2020 {
  // `strictSchema` makes a misspelled keyword or format an error; the other strict rules forbid what TypeBox rightly writes.
  const ajv = new Ajv2020({
    allErrors,
    strict: false,
    strictSchema: true,
    validateSchema: false,
    logger: false,
  });
  addFormats.default(ajv);
  return ajv;
}

const sharedAjvs = createAjvs();

const WORDS: Words = {
  keywords: Object.keys(sharedAjvs.first.RULES.keywords),
  formats: Object.keys(sharedAjvs.first.formats),
};

/** Keywords whose value is data, not schemas. */
const DATA_KEYWORDS = new Set(["enum", "const", "default", "examples", "required", "dependentRequired"]);

/**
 * The schema as plain JSON of draft 2020-12. TypeBox keeps its own marks in hidden fields, takes a RegExp as `pattern`, and writes a
 * tuple in the words of draft 7 (`items` as a list), which 2020-12 calls `prefixItems`.
 */
function toPlainSchema(schema: unknown): unknown {
  if (schema instanceof RegExp) return schema.source;
  if (typeof schema === "bigint") return Number(schema);
  if (Array.isArray(schema)) return schema.map(toPlainSchema);
  if (typeof schema !== "object" || schema === null) return schema;
  const { items, additionalItems, ...rest } = schema as { items?: unknown; additionalItems?: unknown };
  const plain = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, DATA_KEYWORDS.has(key) ? value : toPlainSchema(value)]),
  );
  if (Array.isArray(items)) {
    return { ...plain, prefixItems: toPlainSchema(items), items: toPlainSchema(additionalItems ?? true) };
  }
  return {
    ...plain,
    ...(items === undefined ? {} : { items: toPlainSchema(items) }),
    ...(additionalItems === undefined ? {} : { additionalItems: toPlainSchema(additionalItems) }),
  };
}

/** `if` only repeats that a fault of its branch is one. */
function toFaults(errors: readonly ErrorObject[]): readonly SchemaFault[] {
  return errors
    .filter(({ keyword }) => keyword !== "if")
    .slice(0, FAULTS_MAX)
    .map(toFault);
}

/** Ajv's sentence with the values it leaves out. A field that is missing, unknown or badly named is told by its own path. */
function toFault({
  instancePath,
  keyword,
  params,
  propertyName,
  message = "is wrong",
}: ErrorObject): SchemaFault {
  const at = (key: unknown) => instancePath + toPointer([String(key)]);
  const fault = { path: propertyName === undefined ? instancePath : at(propertyName), message };
  switch (keyword) {
    case "required":
      return { path: at(params["missingProperty"]), message: "is missing" };
    case "additionalProperties":
      return { path: at(params["additionalProperty"]), message: "is not a known field" };
    case "unevaluatedProperties":
      return { path: at(params["unevaluatedProperty"]), message: "is not a known field" };
    case "propertyNames":
      return { path: at(params["propertyName"]), message: "is not a permitted name" };
    case "enum":
      return { ...fault, message: `must be one of ${listValues(params["allowedValues"])}` };
    case "const":
      return { ...fault, message: `must be ${JSON.stringify(params["allowedValue"])}` };
    default:
      return fault;
  }
}

function listValues(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(", ") : "none";
}
