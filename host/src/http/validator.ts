/**
 * Checks of requests against their schemas. Bodies are taken as they are: JSON has types, and a silent conversion
 * hides the caller's mistake. Query strings, path parameters and headers are always text, so those are converted.
 */
import { isExplainable } from "@sluice/contracts/problem";
import { Ajv } from "ajv";
import type { AnySchema, ErrorObject, Options, ValidateFunction } from "ajv";
import formatsPlugin from "ajv-formats";
import type { FormatsPlugin } from "ajv-formats";

// The package is CommonJS: its types put the function on `default`, Node hands out the function itself.
const addFormats = formatsPlugin as unknown as FormatsPlugin;

const OPTIONS: Options = {
  removeAdditional: false,
  useDefaults: true,
  // Faults name the kind of what was found.
  verbose: true,
  strictTypes: false,
  strictRequired: false,
  // Annotations of OpenAPI that check nothing.
  keywords: ["example"],
};

/** What Fastify hands over when it asks for a check; its types speak of the bare schema. */
interface RouteSchema {
  readonly schema: AnySchema;
  readonly httpPart?: string;
}

/** A check as Fastify calls it. Its types ask for more of what ajv's own have, and it uses none of that. */
type Check = (value: unknown) => boolean | { readonly error: readonly ErrorObject[] };

/** Fastify's `buildValidator`: `shared` are the schemas added with `addSchema`. */
export function buildValidator(shared: unknown): (route: AnySchema) => ValidateFunction {
  const first = createAjv({ ...OPTIONS, coerceTypes: false, allErrors: false }, shared);
  const every = createAjv({ ...OPTIONS, coerceTypes: false, allErrors: true }, shared);
  const converting = createAjv({ ...OPTIONS, coerceTypes: "array", allErrors: true }, shared);
  return (route) => {
    const { schema, httpPart } = route as unknown as RouteSchema;
    const check = httpPart === "body" ? bodyCheck(schema, first, every) : textCheck(schema, converting);
    return check as ValidateFunction;
  };
}

/** A number as everybody writes it. JavaScript, by whose rules texts are converted, also reads `0x1F`, `1e3` and ` 7`. */
const DECIMAL = /^-?\d+(?:\.\d+)?$/;

/** For what is text by nature. Its numbers are looked at as texts, before they are converted. */
function textCheck(schema: AnySchema, converting: Ajv): Check {
  const convert = converting.compile(schema);
  const types = numericTypes(schema);
  return (value) => {
    const error = types.flatMap(([name, type]): ErrorObject[] => {
      const text = (value as Readonly<Record<string, unknown>>)[name];
      if (typeof text !== "string" || DECIMAL.test(text)) return [];
      return [{ keyword: "type", instancePath: `/${name}`, schemaPath: "", params: { type }, data: text }];
    });
    if (error.length > 0) return { error };
    return convert(value) === true || { error: convert.errors ?? [] };
  };
}

/** The members of a schema that are numbers, with their types. */
function numericTypes(schema: AnySchema): readonly (readonly [string, string])[] {
  const { properties } = Object(schema) as { readonly properties?: Readonly<Record<string, unknown>> };
  return Object.entries(properties ?? {}).flatMap(([name, member]) => {
    const { type } = Object(member) as { readonly type?: unknown };
    return type === "integer" || type === "number" ? [[name, type] as const] : [];
  });
}

function bodyCheck(schema: AnySchema, first: Ajv, every: Ajv): Check {
  const isFit = first.compile(schema);
  return (value) => {
    if (isFit(value) === true) return true;
    if (!isExplainable(value)) return { error: isFit.errors ?? [] };
    // Compiled when it is first needed, and kept by its ajv.
    const explain = every.compile(schema);
    return explain(value) === true || { error: explain.errors ?? [] };
  };
}

function createAjv(options: Options, shared: unknown): Ajv {
  const ajv = addFormats(new Ajv(options));
  for (const schema of Object.values(Object(shared))) ajv.addSchema(Object(schema));
  return ajv;
}
