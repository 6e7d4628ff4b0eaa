/**
 * Checks of requests against their schemas. Bodies are taken as they are: JSON has types, and a silent conversion
 * hides the caller's mistake. Query strings, path parameters and headers are always text, so those are converted.
 */
import { Ajv } from "ajv";
import type { AnySchema, Options, ValidateFunction } from "ajv";
import formatsPlugin from "ajv-formats";
import type { FormatsPlugin } from "ajv-formats";

// The package is CommonJS: its types put the function on `default`, Node hands out the function itself.
const addFormats = formatsPlugin as unknown as FormatsPlugin;

const OPTIONS: Options = {
  allErrors: true,
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

/** Fastify's `buildValidator`: `shared` are the schemas added with `addSchema`. */
export function buildValidator(shared: unknown): (route: AnySchema) => ValidateFunction {
  const exact = createAjv({ ...OPTIONS, coerceTypes: false }, shared);
  const converting = createAjv({ ...OPTIONS, coerceTypes: "array" }, shared);
  return (route) => {
    const { schema, httpPart } = route as unknown as RouteSchema;
    return (httpPart === "body" ? exact : converting).compile(schema);
  };
}

function createAjv(options: Options, shared: unknown): Ajv {
  const ajv = addFormats(new Ajv(options));
  for (const schema of Object.values(Object(shared))) ajv.addSchema(Object(schema));
  return ajv;
}
