/**
 * The parts that random flows are put together from. Schemas are shared objects: the engine compiles each once, not once per seed.
 * Rules are pure, and those that throw do so for events that say so.
 */
import type { Json, JsonObject } from "@sluice/contracts/envelope";
import { isJsonObject } from "@sluice/contracts/envelope";
import type {
  FlowDefinition,
  Guard,
  JsonSchema,
  Scene,
  TransitionDefinition,
  Update,
} from "../../core/flow.ts";

/** How often a run may go back: loops end by themselves, so that every run comes to rest. */
const ROUNDS_MAX = 3;

export const RUN_DATA: JsonSchema = {
  type: "object",
  properties: {
    tag: { type: "string" },
    n: { type: "integer" },
    last: { type: "integer" },
    rounds: { type: "integer", minimum: 0 },
    seen: { type: "boolean" },
    a: { type: "boolean" },
    b: { type: "boolean" },
    isBad: { type: "boolean" },
  },
  required: ["tag", "n"],
};

export const EVENT_DATA: JsonSchema = {
  type: "object",
  properties: { n: { type: "integer" }, isBad: { type: "boolean" } },
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

/** Updates that any transition may have. */
export const UPDATES: readonly Update[] = ["merge", keepLast, takeGood];
/** Guards before a way that is not the only one. */
export const GUARDS: readonly Guard[] = [ifEven, ifGood, ({ data }) => Number(data["n"]) % 3 === 0];

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

function roundsOf(data: JsonObject): number {
  return Number(data["rounds"] ?? 0);
}

function refuseBad(event: Json): void {
  if (isJsonObject(event) && event["isBad"] === true)
    throw new Error("this event is one that the rules cannot take");
}

/** A flow and what people outside may tell its runs. */
export interface GeneratedFlow {
  readonly definition: FlowDefinition;
  readonly outside: readonly string[];
}
