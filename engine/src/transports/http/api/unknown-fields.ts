import type { FastifyRequest } from "fastify";
import { engineError } from "../../../core/errors.ts";

/**
 * Refuses query parameters and body fields that a route does not know, and names those it does: a misspelled filter that is passed over
 * would list everything.
 * @throws FLOW_BAD_QUERY (invalid)
 */
export function refuseUnknownFields(request: FastifyRequest, _reply: unknown, done: () => void): void {
  const { querystring, body } = request.routeOptions.schema ?? {};
  refuse("query parameter", request.query, querystring);
  if (body !== undefined) refuse("field", request.body, body);
  done();
}

/** A message stays readable, however wrong the request is. */
const NAMED_MAX = 5;

function refuse(what: string, given: unknown, schema: unknown): void {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return;
  const known = Object.keys(propertiesOf(schema));
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const expected = known.length === 0 ? "none here" : `one of: ${known.join(", ")}`;
  const named = unknown
    .slice(0, NAMED_MAX)
    .map((name) => JSON.stringify(name.slice(0, 80)))
    .join(", ");
  throw engineError("FLOW_BAD_QUERY", `${what} ${named} is not known, expected ${expected}`, {
    fields: { known },
  });
}

function propertiesOf(schema: unknown): object {
  const properties =
    typeof schema === "object" && schema !== null && "properties" in schema ? schema.properties : null;
  return typeof properties === "object" && properties !== null ? properties : {};
}
