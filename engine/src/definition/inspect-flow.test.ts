import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { put } from "../core/fixtures/plant.ts";
import type { Loose } from "../core/fixtures/plant.ts";
import { inspectFlow } from "./inspect-flow.ts";

/** A sound flow; each test makes one mistake in a fresh copy. */
function soundFlow(): Loose {
  return structuredClone({
    name: "trip",
    version: 2,
    data: {
      type: "object",
      properties: {
        city: { type: "string" },
        fare: { enum: ["saver", "flex"] },
        van: { type: "object", properties: { seats: { type: "integer", minimum: 1 } } },
      },
    },
    events: {
      VanFound: { type: "object", properties: { plate: { type: "string" } } },
      VanReleased: { type: "object" },
      Arrived: { type: "object" },
    },
    commands: {
      FindVan: { channel: "vans", answers: ["VanFound"] },
      ReleaseVan: { channel: "vans", answers: ["VanReleased"] },
    },
    initial: "seeking-van",
    deadline: { delay: "1d", target: "lost" },
    schedule: { cron: "0 3 * * *" },
    migrations: [{ from: 1, data: { set: { "/fare": { value: "saver" } } } }],
    states: {
      "seeking-van": {
        send: { FindVan: "data" },
        undo: { FindVan: { send: { ReleaseVan: "command" } } },
        on: {
          VanFound: {
            target: "driving",
            guard: { schema: { properties: { event: { required: ["plate"] } } } },
            update: { set: { "/van/seats": { value: 4 } } },
          },
          commandFailed: "lost",
        },
        after: { delay: "15m", target: "lost" },
      },
      driving: {
        on: { Arrived: { target: "done", compensate: true }, VanFound: "done" },
        poll: { send: { FindVan: "data" }, every: "1m", giveUp: { delay: "1h", target: "lost" } },
      },
      done: { final: "done" },
      lost: { final: "lost" },
    },
  }) as unknown as Loose;
}

const SEEKING = "/states/seeking-van";

/** A mistake, and all that is said of it. */
const MISTAKES: readonly (readonly [what: string, path: string, value: unknown, ...told: RegExp[]])[] = [
  [
    "the initial state by half its name",
    "/initial",
    "seeking",
    /^the flow begins in "seeking", .*; did you mean "seeking-van"\?$/,
  ],
  [
    "a deadline of the flow that is a duration alone",
    "/deadline",
    "1h",
    /^the flow has a deadline that is "1h" alone, expected a delay and where it leads: \{ delay: 1h, target: … \}$/,
  ],
  [
    "a timer that is a duration alone",
    `${SEEKING}/after`,
    "15m",
    /^state seeking-van has a timer that is "15m" alone, .*\{ delay: 15m, target: … \}$/,
  ],
  [
    "timers that are durations alone",
    `${SEEKING}/after`,
    ["soon"],
    /^state seeking-van has a timer that is "soon" alone, .*\{ delay: 30s, target: … \}$/,
  ],
  ["a deadline that is a duration alone", `${SEEKING}/deadline`, "1h", /has a deadline that is "1h" alone/],
  [
    "a duration after which a poll gives up",
    "/states/driving/poll/giveUp",
    "1h",
    /has a giveUp that is "1h" alone/,
  ],
  [
    "a timer that is a number",
    `${SEEKING}/after`,
    15,
    /^state seeking-van has 15 at \/states\/seeking-van\/after, expected an object$/,
  ],
  [
    "the engine's event misspelled",
    `${SEEKING}/on/comandFailed`,
    "lost",
    /takes "comandFailed", expected one of the flow's events: .*, commandFailed; did you mean "commandFailed"\?$/,
  ],
  [
    "a word that has to be another",
    `${SEEKING}/undo/FindVan/send/ReleaseVan`,
    "comand",
    /has "comand" at .*, expected one of "data", "command"; did you mean "command"\?$/,
  ],
  [
    "a guard that looks at something else than data and event",
    `${SEEKING}/on/VanFound/guard/schema`,
    { properties: { evnt: { required: ["plate"] } }, required: ["evnt"] },
    /^a guard of state seeking-van looks at the field "evnt", expected one of the fields that its schema declares: data, event; did you mean "event"\?$/,
    /looks at the field "evnt"/,
  ],
  [
    "a guard that looks at fields which are not there",
    `${SEEKING}/on/VanFound/guard/schema`,
    {
      properties: { event: { required: ["plat"] }, data: { properties: { van: { required: ["seat"] } } } },
      not: { anyOf: [{ properties: { data: { properties: { cty: { const: "Rome" } } } } }] },
    },
    /looks at the field "plat".*; did you mean "plate"\?$/,
    /looks at the field "seat".*; did you mean "seats"\?$/,
    /looks at the field "cty".*; did you mean "city"\?$/,
  ],
  [
    "a constant that the field does not take",
    `${SEEKING}/on/VanFound/update/set/~1van~1seats`,
    { value: 0 },
    /^state seeking-van sets "\/van\/seats" to 0, expected a value that fits the schema of the field; it must be >= 1$/,
  ],
  [
    "a migration's constant that the field does not take",
    "/migrations/0/data/set/~1fare",
    { value: "basic" },
    /^the migration from version 1 sets "\/fare" to "basic", expected .*; it must be one of "saver", "flex"$/,
  ],
  [
    "patterns that some text takes for ever",
    "/data/properties/van/properties/plate",
    { type: "string", pattern: "^(a+)+$" },
    /^the data has the pattern "\^\(a\+\)\+\$", which repeats what is repeated already, expected .* in a moment; a text can be made/,
  ],
  [
    "names that some text takes for ever",
    "/events/Arrived/patternProperties",
    { "^([a-z]+\\d*)*$": {}, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}$": {}, "^\\d{3}-x+$": {} },
    /^event Arrived has the pattern "\^\(\[a-z\]/,
  ],
  [
    "a cron expression with a minute that is none",
    "/schedule/cron",
    "61 * * * *",
    /^the flow has the cron expression "61 \* \* \* \*", expected one that means something; invalid value for minute: 61$/,
  ],
];

describe("inspectFlow", () => {
  it("finds nothing wrong with a sound flow of schemas, constants and a schedule", () => {
    assert.deepEqual(inspectFlow(soundFlow()), []);
  });

  for (const [what, path, value, ...told] of MISTAKES) {
    it(`says what is wrong with ${what}, once`, () => {
      const flow = soundFlow();
      put(flow, path, value);
      const messages = inspectFlow(flow).map(({ message }) => message);
      assert.equal(messages.length, told.length, messages.join("\n"));
      for (const [index, pattern] of told.entries()) assert.match(messages[index] ?? "", pattern);
    });
  }

  it("says of a first version that no migration leads to it", () => {
    const flow = soundFlow();
    put(flow, "/version", 1);
    assert.deepEqual(
      inspectFlow(flow).map(({ message }) => message),
      ["the flow has a migration from version 1, expected none: version 1 has no older one"],
    );
  });
});
