/** Faults of a JSON Schema check as sentences: where, what was found, what was expected. */
import type { ErrorObject } from "ajv";

export interface Fault {
  /** Where: `body/data/units`, or `querystring/limit`. */
  readonly path: string;
  readonly message: string;
}

/** The fault list of an answer stays readable, however wrong the request is. */
export const FAULTS_MAX = 20;

/** At most FAULTS_MAX faults, in the order of the schema. `part` is `body`, `querystring`, `params` or `headers`. */
export function faultsOf(errors: readonly ErrorObject[], part: string): readonly Fault[] {
  return errors.slice(0, FAULTS_MAX).map((error) => ({
    path: `${part}${error.instancePath}${childOf(error)}`,
    message: messageOf(error, part),
  }));
}

/** Whoever sends a name chooses its length. */
const NAME_CHARS_MAX = 80;

/** Faults about a member of an object point at that member, not at the object. */
function childOf({ keyword, params }: ErrorObject): string {
  if (keyword === "required") return `/${String(params["missingProperty"])}`;
  if (keyword === "additionalProperties")
    return `/${String(params["additionalProperty"]).slice(0, NAME_CHARS_MAX)}`;
  return "";
}

function messageOf(error: ErrorObject, part: string): string {
  const { keyword, params } = error;
  switch (keyword) {
    case "required":
      return "is missing";
    case "additionalProperties":
      return `is not known here, expected ${knownMembers(error)}`;
    case "type":
      return `is ${kindOfValue(error.data)}, expected ${words(params["type"])}`;
    case "enum":
      return `is ${otherThan(params["allowedValues"], error.data, part)}, expected one of ${list(params["allowedValues"])}`;
    case "const":
      return `is ${kindOfValue(error.data)}, expected ${JSON.stringify(params["allowedValue"])}`;
    default:
      return error.message ?? `breaks the rule ${keyword}`;
  }
}

function knownMembers({ parentSchema }: ErrorObject): string {
  const names = Object.keys(Object(parentSchema?.["properties"]) as object);
  return names.length === 0 ? "none" : `one of: ${names.join(", ")}`;
}

/** A value that is none of a list. What stands in a query is no secret: every log of requests has it. */
function otherThan(allowed: unknown, value: unknown, part: string): string {
  if (part === "querystring") return JSON.stringify(String(value).slice(0, NAME_CHARS_MAX));
  const kind = kindOfValue(value);
  const isOfKind = Array.isArray(allowed) && allowed.some((each) => kindOfValue(each) === kind);
  return isOfKind ? kind.replace(/^an? /, "another ") : kind;
}

/** The kind of a value, never the value: a body may hold a secret, and an answer may be logged on its way. */
function kindOfValue(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return "a text";
  return typeof value === "number" ? "a number" : "true or false";
}

const WORD_OF_TYPE: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  null: "null",
};

function words(types: unknown): string {
  const names = Array.isArray(types) ? types : [types];
  return names.map((name) => WORD_OF_TYPE[String(name)] ?? String(name)).join(" or ");
}

function list(values: unknown): string {
  return Array.isArray(values)
    ? values.map((value) => JSON.stringify(value)).join(", ")
    : "the listed values";
}
