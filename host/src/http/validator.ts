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
    if (httpPart !== "body") return converting.compile(schema);
    return bodyCheck(schema, first, every) as Check as ValidateFunction;
  };
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
