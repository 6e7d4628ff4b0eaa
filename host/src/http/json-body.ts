/**
 * Bodies of requests: JSON in UTF-8, taken exactly as it is written, or refused with the reason. What a parser changes in silence (a
 * number it cannot hold, bytes that are no characters, the first of two members of one name) would be stored as something that nobody has
 * sent.
 */
import { isUtf8 } from "node:buffer";
import type { FastifyInstance } from "fastify";
import { hostError } from "../errors.ts";
import { findRepeatedName } from "./json-members.ts";

export function registerJsonBody(app: FastifyInstance): void {
  // Only JSON: a text body would reach a route as a string.
  app.removeContentTypeParser("text/plain");
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (_request: unknown, body: Buffer) => parseJsonBody(body),
  );
  app.addHook("preParsing", (request, reply, payload, done) => {
    const encoding = request.headers["content-encoding"];
    if (encoding === undefined || encoding.toLowerCase() === "identity") return done(null, payload);
    // RFC 9110 section 15.5.16: the answer names the codings that would have been taken.
    void reply.header("accept-encoding", "identity");
    done(
      hostError(
        "HOST_UNSUPPORTED_MEDIA_TYPE",
        `the body is encoded as ${JSON.stringify(encoding.slice(0, 40))}, expected none; send it as it is, without content-encoding`,
      ),
    );
  });
}

/** @throws HOST_BAD_REQUEST (invalid) */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) throw badRequest("the body is empty, expected a JSON text, or no content-type");
  if (!isUtf8(bytes)) throw badRequest("the body is not UTF-8, expected JSON in that encoding");
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  try {
    // Looking at each value costs several times the parsing, so it is done where something asks for it.
    const value: unknown = SUSPECT.test(text) ? JSON.parse(text, inspect) : JSON.parse(text);
    const repeated = findRepeatedName(text, value);
    if (repeated === null) return value;
    throw badRequest(
      `the body has ${shown(repeated)} twice in one object, expected each name once; of several readers one would take the first and another the last`,
    );
  } catch (error) {
    if (error instanceof SyntaxError) throw notJson(error);
    if (error instanceof RangeError)
      throw badRequest("the body is nested too deep, expected less; flatten it");
    throw error;
  }
}

/** Names that reach for an object's prototype, perhaps written with escapes; numbers with more digits or a larger exponent than most. */
const SUSPECT = /__proto__|constructor|\\u00|\d{16}|\d[eE]\+?\d{3}/;

/** The text a number was parsed from; absent for all else. */
interface Source {
  readonly source?: string;
}

function inspect(this: unknown, name: string, value: unknown, { source }: Source = {}): unknown {
  const isPoison =
    name === "__proto__" || (name === "constructor" && Object.hasOwn(Object(value), "prototype"));
  if (isPoison)
    throw badRequest(
      `the body has a member ${name}, which could change the objects of a program, expected none of that name; rename it`,
    );
  if (typeof value === "number" && source !== undefined && !isExact(value, source))
    throw badRequest(
      `the number at ${shown(name)} would not be kept as it is written, expected a whole number of at most ${Number.MAX_SAFE_INTEGER}, or a finite one; send it as a text`,
    );
  return value;
}

/** A fraction is as exact as a double; that is what JSON's readers expect of each other (RFC 8259 section 6). A whole number is itself. */
function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  return !/^-?\d+$/.test(source) || String(value) === source || BigInt(value) === BigInt(source);
}

/** Whoever sends a name chooses its length. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}

function notJson(error: SyntaxError): Error {
  // The parser's own words may quote the body; only the place is taken from them.
  const at = /at position (\d+)/.exec(error.message)?.[1];
  const where = at === undefined ? "" : ` at character ${Number(at) + 1}`;
  return badRequest(`the body is not JSON${where}, expected a JSON text`);
}

function badRequest(message: string): Error {
  return hostError("HOST_BAD_REQUEST", message);
}
