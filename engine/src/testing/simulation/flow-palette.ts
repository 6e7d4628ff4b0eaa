/**
 * The parts that random flows are put together from. Schemas are shared objects: the engine compiles each once, not once per seed.
 * Rules are pure, and those that throw do so for events that say so.
 */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import { isJsonObject } from "@sluice/contracts/envelope";
import type {
  Guard,
  JsonSchema,
  MigrationDefinition,
  Projection,
  Projections,
  Scene,
  TransitionDefinition,
  UndoProjection,
  Update,
} from "../../core/flow.ts";

/** How often a run may go back: loops end by themselves, so that every run comes to rest. */
const ROUNDS_MAX = 3;
/** Where data may not be larger than a kilobyte, two of these are too many. */
export const BULK_CHARS = 600;
/** Where the due time of a scheduled run stands, if it stands anywhere. No rule writes it. */
export const DUE_FIELD = "due";

export const RUN_DATA: JsonSchema = {
  type: "object",
  properties: {
    tag: { type: "string" },
    n: { type: "integer" },
    items: { type: "array", items: { type: "integer" } },
    last: { type: "integer" },
    rounds: { type: "integer", minimum: 0 },
    seen: { type: "boolean" },
    a: { type: "boolean" },
    b: { type: "boolean" },
    moved: { type: "boolean" },
    isBad: { type: "boolean" },
    bulk: { type: "string" },
    [DUE_FIELD]: { type: "string" },
  },
  required: ["tag", "n"],
};

export const EVENT_DATA: JsonSchema = {
  type: "object",
  properties: { n: { type: "integer" }, isBad: { type: "boolean" }, bulk: { type: "string" } },
};

const ifEven: Guard = { schema: sceneSchema("event", { n: { multipleOf: 2 } }, ["n"]) };
const ifA: Guard = { schema: sceneSchema("data", { a: { const: true } }, ["a"]) };
const ifB: Guard = { schema: sceneSchema("data", { b: { const: true } }, ["b"]) };

function sceneSchema(
  part: "data" | "event",
  properties: JsonObject,
  required: readonly string[],
): JsonSchema {
  return {
    type: "object",
    properties: { [part]: { type: "object", properties, required } },
    required: [part],
  };
}

const ifFewRounds: Guard = ({ data }) => roundsOf(data) < ROUNDS_MAX;
const ifGood: Guard = ({ event }) => {
  refuseBad(event);
  return true;
};

const keepLast: Update = { set: { "/last": { from: "/event/n" }, "/seen": { value: true } } };
const setA: Update = { set: { "/a": { value: true } } };
const setB: Update = { set: { "/b": { value: true } } };
const countRound: Update = ({ data }) => ({ ...data, rounds: roundsOf(data) + 1 });
const takeGood: Update = ({ data, event }: Scene) => {
  refuseBad(event);
  return { ...data, seen: true };
};
const grow: Update = ({ data }) => {
  const { bulk } = data;
  const grown = (typeof bulk === "string" ? bulk.length : 0) + BULK_CHARS;
  return { ...data, bulk: "x".repeat(grown) };
};

/** Updates that a transition may have, and those for one that comes without an event. */
export const UPDATES: readonly Update[] = ["merge", keepLast, takeGood, grow];
export const UPDATES_ALONE: readonly Update[] = [
  grow,
  { set: { "/seen": { value: true }, "/last": { from: "/data/n" } } },
];
/** Guards before a way that is not the only one. */
export const GUARDS: readonly Guard[] = [ifEven, ifGood, ({ data }) => Number(data["n"]) % 3 === 0];

/** What a command carries. */
export const PROJECTIONS: readonly Projection[] = [
  "data",
  { pick: ["tag", "n"] },
  (data) => ({ of: data["tag"] ?? null }),
];
/** What each command of a fan-out carries. A run without a list has nothing to send by the functions, and breaks a rule by the pointers. */
export const FANS: readonly Projections[] = [
  { each: itemsOf },
  { each: (data) => itemsOf(data).map((item) => ({ item, of: data["tag"] ?? null })) },
  { each: "/items" },
  { each: "/items", as: "item", pick: ["tag"] },
];
/** What the start of a child carries, which is the child's data; the last is refused. */
export const BIRTHS: readonly Projection[] = [
  "data",
  { pick: ["tag", "n"] },
  { pick: ["tag", "n", "items"] },
  (data) => ({ tag: data["tag"] ?? null, n: Number(data["n"]) + 1, items: [] }),
  { pick: ["n"] },
];
export const LITTERS: readonly Projections[] = [
  { each: "/items", as: "n", pick: ["tag"] },
  { each: (data) => itemsOf(data).map((n) => ({ n, tag: data["tag"] ?? null, items: [] })) },
];
/** What an undo carries. */
export const UNDO_PROJECTIONS: readonly UndoProjection[] = [
  "data",
  "command",
  { pick: ["tag"] },
  (data, carried) => ({ of: data["tag"] ?? null, carried }),
];
/** What becomes of the data of a run that is migrated; the last breaks the schema, which nobody can say before. */
export const MOVES: readonly NonNullable<MigrationDefinition["data"]>[] = [
  (data) => ({ ...data, moved: true }),
  { set: { "/moved": { value: true }, "/last": { from: "/data/n" } } },
  { set: { "/moved": { from: "/data/n" } } },
];

/** What a scheduled run begins with. */
export const SCHEDULED_DATA: JsonObject = { tag: "scheduled", n: 4, items: [1, 2] };

/** Back to a former state, a few times; then on. */
export function goBack(target: string, onwards: string): readonly TransitionDefinition[] {
  return [{ target, guard: ifFewRounds, update: countRound }, { target: onwards }];
}

/** Two answers that must both come, in any order. */
export function joinA(target: string): readonly TransitionDefinition[] {
  return [{ target, guard: ifB }, { update: setA }];
}

export function joinB(target: string): readonly TransitionDefinition[] {
  return [{ target, guard: ifA }, { update: setB }];
}

function itemsOf(data: JsonObject): readonly Json[] {
  const items = data["items"];
  return Array.isArray(items) ? (items as readonly Json[]) : [];
}

function roundsOf(data: JsonObject): number {
  return Number(data["rounds"] ?? 0);
}

function refuseBad(event: Json): void {
  if (isJsonObject(event) && event["isBad"] === true)
    throw new Error("this event is one that the rules cannot take");
}
