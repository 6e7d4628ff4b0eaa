/** Fields that rules written as data name, held against the schemas that declare them. Functions are the compiler's business. */
import { checkKeys } from "./check-names.ts";
import { didYouMean, finding, oneOf, quote } from "./findings.ts";
import type { Finding, Place } from "./findings.ts";
import { isList, isLoose, toLoose } from "./flow-view.ts";
import type { FlowView, Loose, SendView, TransitionView } from "./flow-view.ts";
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

export function checkField(
  place: Place,
  verb: string,
  field: unknown,
  schema: unknown,
  path: string,
): readonly Finding[] {
  const fields = readFields(schema);
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

function badPointer(place: Place, verb: string, pointer: string, expected: string, path: string): Finding {
  return finding("bad-pointer", place, { path, found: `${verb} ${quote(pointer)}`, expected });
}

// ---------------------------------------------------------------- what a command carries

/** What an undo may send back: what the command carried, or the event, that it takes back. */
export interface Carried {
  readonly name: string;
  readonly schema: unknown;
}

/** Fields the data has, and every field the command needs. Of an undo `undone` is what it takes back. */
export function checkProjection(
  flow: FlowView,
  place: Place,
  send: SendView,
  undone: Carried | null = null,
): readonly Finding[] {
  const { projection, path, type } = send;
  if (projection === "data")
    return checkNeeded(flow, place, send, flow.raw["data"], "the data need not have");
  if (projection === "command" && undone !== null)
    return checkNeeded(flow, place, send, undone.schema, `${undone.name} need not carry`);
  if (!isLoose(projection)) return [];
  const own: Place = { ...place, subject: `the projection of ${type} in ${place.subject}` };
  if (isList(projection)) return checkEach(flow, place, own, send, projection);
  const picked = readPick(projection);
  return [
    ...checkKeys(own, projection, ["pick"], path),
    ...checkPick(flow, place, picked, path),
    ...missingFields(flow, place, send, picked, "`pick` leaves out", `${path}/pick`),
  ];
}

function schemaOf(flow: FlowView, type: string): unknown {
  return flow.commands.get(type)?.raw["data"];
}

/** Whether a whole value has all that the command needs. */
function checkNeeded(flow: FlowView, place: Place, send: SendView, schema: unknown, why: string) {
  const fields = readFields(schema);
  return fields === null ? [] : missingFields(flow, place, send, fields.required, why, send.path);
}

function missingFields(
  flow: FlowView,
  place: Place,
  { type }: SendView,
  given: readonly unknown[],
  why: string,
  path: string,
): readonly Finding[] {
  const needed = readFields(schemaOf(flow, type))?.required ?? [];
  return needed
    .filter((field) => !given.includes(field))
    .map((field) =>
      finding("missing-field", place, {
        path,
        found: `sends ${type} without the field ${quote(field)}, which ${why}`,
        expected: `every field that the schema of ${type} requires`,
      }),
    );
}

function readPick(projection: Loose): readonly unknown[] {
  return Array.isArray(projection["pick"]) ? projection["pick"] : [];
}

function checkPick(flow: FlowView, place: Place, picked: readonly unknown[], path: string) {
  return picked.flatMap((field, index) =>
    checkField(place, "picks", field, flow.raw["data"], `${path}/pick/${index}`),
  );
}

const EACH_KEYS = ["each", "as", "pick"];

/** One command for each element of a list: the list is one, and an element is all that is carried or has a name beside what is picked. */
function checkEach(flow: FlowView, place: Place, own: Place, send: SendView, projection: Loose) {
  const { path, type } = send;
  const { each, as, pick } = projection;
  const list = typeof each === "string" ? findList(flow, place, each, `${path}/each`) : { findings: [] };
  const keys = [...checkKeys(own, projection, EACH_KEYS, path), ...list.findings];
  if (typeof each !== "string" || as === undefined) {
    const stray = typeof each === "string" ? ["pick"] : ["as", "pick"];
    return [
      ...keys,
      ...stray.filter((key) => projection[key] !== undefined).map((key) => strayKey(own, key, path)),
      ...(pick === undefined ? checkNeeded(flow, place, send, list.items, "the elements need not have") : []),
    ];
  }
  const picked = readPick(projection);
  return [
    ...keys,
    ...checkField(place, `sends ${type} with each element under`, as, schemaOf(flow, type), `${path}/as`),
    ...checkPick(flow, place, picked, path),
    ...missingFields(flow, place, send, [as, ...picked], "neither `as` nor `pick` names", path),
  ];
}

function strayKey(place: Place, key: string, path: string): Finding {
  return finding("bad-each", place, {
    path: `${path}/${key}`,
    found: `has \`${key}\` and carries elements as they are`,
    expected: "`pick` only beside `as`, and both only beside a list by its pointer",
    hint: "give the element a name with `as`, or let a function make the list",
  });
}

interface FoundList {
  readonly findings: readonly Finding[];
  /** Schema of an element, where one is known. */
  readonly items?: unknown;
}

/** Follows a pointer through the schema of the data as far as that tells what lies there. */
function findList(flow: FlowView, place: Place, pointer: string, path: string): FoundList {
  const verb = "sends a command for each of";
  const parts = parsePointer(pointer);
  if (parts === null) {
    const expected = 'a JSON Pointer to a list in the data, such as "/tickets"';
    return { findings: [badPointer(place, verb, pointer, expected, path)] };
  }
  let schema = flow.raw["data"];
  for (const part of parts) {
    const unknown = checkField(place, verb, part, schema, path);
    if (unknown.length > 0) return { findings: unknown };
    schema = toLoose(toLoose(schema)["properties"])[part];
  }
  const { type, items } = toLoose(schema);
  if (type === undefined || [type].flat().includes("array")) return { findings: [], items };
  return {
    findings: [
      finding("bad-each", place, {
        path,
        found: `${verb} ${quote(pointer)}, which is no list`,
        expected: 'a field of the data whose schema has the type "array"',
      }),
    ],
  };
}

// ---------------------------------------------------------------- guards and updates

/** The rules of a transition as far as they are data: a guard's schema, and the pointers of `set`. */
export function checkRules(flow: FlowView, place: Place, transition: TransitionView): readonly Finding[] {
  const { raw, path, event } = transition;
  const { guard, update } = raw ?? {};
  const own = (what: string): Place => ({ ...place, subject: `${what} of ${place.subject}` });
  const data = { name: "the data", schema: flow.raw["data"] };
  const sources: Sources =
    event === null ? { data } : { data, event: { name: event, schema: flow.events.get(event) } };
  return [
    ...(isLoose(guard) ? checkGuard(own("a guard"), guard, sources, `${path}/guard`) : []),
    ...(isLoose(update)
      ? [
          ...checkKeys(own("an update"), update, ["set"], `${path}/update`),
          ...checkMoves(flow, place, update["set"], sources, `${path}/update/set`),
        ]
      : []),
  ];
}

/** What a guard that is a schema is given; of a join the event is empty, and not looked into. */
const SCENE_FIELDS = ["data", "event"];

function checkGuard(place: Place, guard: Loose, sources: Sources, path: string): readonly Finding[] {
  const properties = Object.fromEntries(SCENE_FIELDS.map((name) => [name, sources[name]?.schema ?? {}]));
  return [
    ...checkKeys(place, guard, ["schema"], path),
    ...checkLookedAt(place, {
      guard: guard["schema"],
      schema: { properties },
      path: `${path}/schema`,
      depth: 0,
    }),
  ];
}

/** A part of a guard, and the schema of the value that it is held against. */
interface Look {
  readonly guard: unknown;
  readonly schema: unknown;
  readonly path: string;
  readonly depth: number;
}

/** Deeper a guard is not followed: in code a schema may contain itself. */
const LOOK_DEPTH_MAX = 10;

/** Keywords whose schemas are about the same value as the schema they stand in. */
const SAME_VALUE = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else"];

/** Fields that a guard asks for and the value does not declare: they are never there, so that the guard is never true, or always. */
function checkLookedAt(place: Place, look: Look): readonly Finding[] {
  const { guard, schema, path } = look;
  const depth = look.depth + 1;
  if (!isLoose(guard) || depth > LOOK_DEPTH_MAX) return [];
  const { required } = guard;
  const looksAt = (field: unknown, at: string): readonly Finding[] =>
    checkField(place, "looks at", field, schema, at);
  const fields = Object.entries(toLoose(guard["properties"])).flatMap(([field, inner]) => {
    const at = `${path}/properties${toPointer([field])}`;
    const declared = toLoose(toLoose(schema)["properties"])[field];
    return [
      ...looksAt(field, at),
      ...checkLookedAt(place, { guard: inner, schema: declared, path: at, depth }),
    ];
  });
  const needed = (Array.isArray(required) ? required : []).flatMap((field: unknown, index) =>
    looksAt(field, `${path}/required/${index}`),
  );
  const same = SAME_VALUE.flatMap((keyword) => {
    const inner = guard[keyword];
    const at = `${path}/${keyword}`;
    return Array.isArray(inner)
      ? inner.flatMap((each, index) =>
          checkLookedAt(place, { guard: each, schema, path: `${at}/${index}`, depth }),
        )
      : checkLookedAt(place, { guard: inner, schema, path: at, depth });
  });
  return [...fields, ...needed, ...same];
}

/** What the pointers of `from` may begin with, and what is known of the fields there. */
export type Sources = Readonly<Record<string, { readonly name: string; readonly schema: unknown }>>;

/** The entries of a `set`: where to, and where from. */
export function checkMoves(
  flow: FlowView,
  place: Place,
  set: unknown,
  sources: Sources,
  path: string,
): readonly Finding[] {
  return Object.entries(toLoose(set)).flatMap(([pointer, value]) => {
    const at = path + toPointer([pointer]);
    const parts = parsePointer(pointer);
    const to =
      parts === null
        ? [badPointer(place, "sets", pointer, 'a JSON Pointer into the data, such as "/paymentId"', at)]
        : checkField(place, "sets", parts[0], flow.raw["data"], at);
    return [...to, ...checkSource(place, toLoose(value), sources, at)];
  });
}

function checkSource(place: Place, value: Loose, sources: Sources, path: string): readonly Finding[] {
  const { from } = value;
  const own: Place = { ...place, subject: `an update of ${place.subject}` };
  const keys = checkKeys(own, value, ["from", "value"], path);
  if (typeof from !== "string") return keys;
  const [root = "", field] = parsePointer(from) ?? [];
  const source = Object.hasOwn(sources, root) ? sources[root] : undefined;
  if (source === undefined) {
    const roots = Object.keys(sources).map((name) => `"/${name}"`);
    const expected = `a JSON Pointer that begins with ${roots.join(" or ")}`;
    return [...keys, badPointer(place, "takes a value from", from, expected, `${path}/from`)];
  }
  return [...keys, ...checkField(place, `takes from ${source.name}`, field, source.schema, `${path}/from`)];
}
