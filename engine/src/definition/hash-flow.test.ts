import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Type } from "typebox";
import type { FlowDefinition } from "../core/flow.ts";
import { purchase } from "./fixtures/purchase.flow.ts";
import { flowToJson, hashFlow } from "./hash-flow.ts";

const flow: FlowDefinition = {
  name: "order",
  version: 1,
  description: "An order.",
  events: { Paid: Type.Object({ amountMinor: Type.Integer() }) },
  initial: "created",
  states: {
    created: {
      description: "Waits.",
      on: { Paid: { target: "paid", guard: ({ data }) => data["units"] !== 0 } },
    },
    paid: { final: "paid" },
  },
};

describe("hashFlow", () => {
  it("is 64 hex digits and the same each time", () => {
    assert.match(hashFlow(purchase), /^[0-9a-f]{64}$/);
    assert.equal(hashFlow(purchase), hashFlow({ ...purchase }));
  });

  it("does not mind the order of keys, nor what flow and states say of themselves", () => {
    const { name, version, ...rest } = flow;
    assert.equal(hashFlow({ ...rest, version, name }), hashFlow(flow));
    assert.equal(hashFlow({ ...flow, description: "Something else." }), hashFlow(flow));
    const created = { ...flow.states["created"], description: "Waits longer." };
    assert.equal(hashFlow({ ...flow, states: { ...flow.states, created } }), hashFlow(flow));
  });

  it("does not mind how runs come to the version: by its schedule, or from older ones", () => {
    assert.equal(hashFlow({ ...flow, schedule: { cron: "0 3 * * *" } }), hashFlow(flow));
    assert.equal(hashFlow({ ...flow, migrations: [{ from: 1 }] }), hashFlow(flow));
  });

  it("changes with a state, a schema, the order of a list, and the text of a function", () => {
    const guard = {
      target: "paid",
      guard: ({ data }: { data: Record<string, unknown> }) => data["units"] !== 1,
    };
    const changed: FlowDefinition[] = [
      { ...flow, states: { ...flow.states, lost: { final: "lost" } } },
      { ...flow, events: { Paid: Type.Object({ amountMinor: Type.Number() }) } },
      { ...flow, channels: ["a", "b"] },
      { ...flow, channels: ["b", "a"] },
      { ...flow, states: { ...flow.states, created: { on: { Paid: guard as never } } } },
    ];
    assert.equal(new Set([flow, ...changed].map(hashFlow)).size, changed.length + 1);
  });

  it("tells a function from a text that reads the same", () => {
    const guard = () => true;
    const withFunction = { ...flow, states: { ...flow.states, created: { on: { Paid: { guard } } } } };
    const withText = {
      ...flow,
      states: { ...flow.states, created: { on: { Paid: { guard: String(guard) } } } },
    };
    assert.notEqual(hashFlow(withFunction), hashFlow(withText as never));
  });
});

describe("flowToJson", () => {
  it("keeps what a file would hold, and functions by their text", () => {
    const json = flowToJson(flow);
    assert.deepEqual(JSON.parse(JSON.stringify(json)), json);
    assert.deepEqual(json["events"], {
      Paid: { type: "object", required: ["amountMinor"], properties: { amountMinor: { type: "integer" } } },
    });
    assert.match(JSON.stringify(json["states"]), /"guard":\{"\$function":"\(\{ data \}\) => data/);
  });

  it("makes JSON of whatever a schema in code may hold", () => {
    const odd = {
      ...flow,
      data: { pattern: /^a$/, maximum: 10n, minimum: Number.NaN, title: undefined, nothing: null },
    };
    assert.deepEqual(flowToJson(odd)["data"], {
      pattern: "^a$",
      maximum: "10",
      minimum: null,
      nothing: null,
    });
  });
});
