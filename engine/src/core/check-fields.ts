/** Fields that rules written as data name, held against the schemas that declare them. Functions are the compiler's business. */
import { checkKeys } from "./check-names.ts";
import { didYouMean, finding, oneOf, quote } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import { isLoose, stateNamed, toLoose } from "./flow-view.ts";
import type { FlowView, SendView, StateView, TransitionView } from "./flow-view.ts";
import { parsePointer, toPointer } from "./pointer.ts";

/** What a schema says of an object's fields; null where it says too little to be sure. */
interface Fields {
  readonly known: readonly string[];
  readonly required: readonly string[];
}

/** Keywords by which a schema may know fields that `properties` does not list. */
const OPEN_KEYWORDS = ["$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties"];

function readFields(schema: unknown): Fields | null {
  const raw = toLoose(schema);
  if (!isLoose(raw["properties"]) || OPEN_KEYWORDS.some((keyword) => raw[keyword] !== undefined)) return null;
  const required = Array.isArray(raw["required"]) ? raw["required"] : [];
  return {
    known: Object.keys(raw["properties"]),
    required: required.filter((field) => typeof field === "string"),
  };
}

/** What a command carries: fields the data has, and every field the command needs. */
export function checkProjection(flow: FlowView, state: StateView, send: SendView): readonly Finding[] {
  const { projection, path, type } = send;
  const place = stateNamed(state.name);
  const data = readFields(flow.raw["data"]);
  const needed = readFields(flow.commands.get(type)?.raw["data"])?.required ?? [];
  if (projection === "data") {
    const missing = data === null ? [] : needed.filter((field) => !data.required.includes(field));
    return missing.map((field) => missingField(place, type, field, "the data need not have", path));
  }
  if (!isLoose(projection)) return [];
  const picked = Array.isArray(projection["pick"]) ? projection["pick"] : [];
  return [
    ...checkKeys(
      { ...place, subject: `the projection of ${type} in ${place.subject}` },
      projection,
      ["pick"],
      path,
    ),
    ...picked.flatMap((field, index) => checkField(place, `picks`, field, data, `${path}/pick/${index}`)),
    ...needed
      .filter((field) => !picked.includes(field))
      .map((field) => missingField(place, type, field, "`pick` leaves out", `${path}/pick`)),
  ];
}

function missingField(place: Place, type: string, field: string, why: string, path: string): Finding {
  return finding("missing-field", place, {
    path,
    found: `sends ${type} without the field ${quote(field)}, which ${why}`,
    expected: `every field that the schema of ${type} requires`,
  });
}

function checkField(
  place: Place,
  verb: string,
  field: unknown,
  fields: Fields | null,
  path: string,
): readonly Finding[] {
  if (typeof field !== "string" || fields === null || fields.known.includes(field)) return [];
  return [
    finding("unknown-field", place, {
      path,
      found: `${verb} the field ${quote(field)}`,
      expected: oneOf("the fields that its schema declares", fields.known),
      hint: didYouMean(field, fields.known),
    }),
  ];
}

/** The rules of a transition as far as they are data: a guard's schema, and the pointers of `set`. */
export function checkRules(flow: FlowView, state: StateView, transition: TransitionView): readonly Finding[] {
  const { raw, path, event } = transition;
  const place = stateNamed(state.name);
  const { guard, update } = raw ?? {};
  return [
    ...(isLoose(guard)
      ? checkKeys({ ...place, subject: `a guard of ${place.subject}` }, guard, ["schema"], `${path}/guard`)
      : []),
    ...(isLoose(update)
      ? [
          ...checkKeys(
            { ...place, subject: `an update of ${place.subject}` },
            update,
            ["set"],
            `${path}/update`,
          ),
          ...Object.entries(toLoose(update["set"])).flatMap(([pointer, value]) =>
            checkMove(flow, place, event, pointer, value, `${path}/update/set${toPointer([pointer])}`),
          ),
        ]
      : []),
  ];
}

/** One entry of `set`: where to, and where from. */
function checkMove(
  flow: FlowView,
  place: Place,
  event: string,
  pointer: string,
  value: unknown,
  path: string,
): readonly Finding[] {
  const data = readFields(flow.raw["data"]);
  const parts = parsePointer(pointer);
  const to =
    parts === null
      ? [badPointer(place, "sets", pointer, 'a JSON Pointer into the data, such as "/paymentId"', path)]
      : checkField(place, "sets", parts[0], data, path);
  return [...to, ...checkSource(flow, place, event, toLoose(value), path)];
}

function checkSource(
  flow: FlowView,
  place: Place,
  event: string,
  value: Readonly<Record<string, unknown>>,
  path: string,
): readonly Finding[] {
  const { from } = value;
  const keys = checkKeys(
    { ...place, subject: `an update of ${place.subject}` },
    value,
    ["from", "value"],
    path,
  );
  if (typeof from !== "string") return keys;
  const [root, field] = parsePointer(from) ?? [];
  if (root !== "data" && root !== "event") {
    const expected = 'a JSON Pointer that begins with "/data" or "/event"';
    return [...keys, badPointer(place, "takes a value from", from, expected, `${path}/from`)];
  }
  const fields = readFields(root === "data" ? flow.raw["data"] : flow.events.get(event));
  return [
    ...keys,
    ...checkField(place, `takes from ${root === "data" ? "the data" : event}`, field, fields, `${path}/from`),
  ];
}

function badPointer(place: Place, verb: string, pointer: string, expected: string, path: string): Finding {
  return finding("bad-pointer", place, { path, found: `${verb} ${quote(pointer)}`, expected });
}
