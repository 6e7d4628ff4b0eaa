import assert from "node:assert/strict";
import { test } from "node:test";
import { compileFlow } from "../core/compile-flow.ts";
import type { FlowDefinition } from "../core/flow.ts";
import type { RunFilter } from "../core/ports.ts";
import { compileSchema } from "../definition/compile-schema.ts";
import { planJob } from "./job-plan.ts";
import type { ServedFlows } from "./job-plan.ts";

function trip(version: number, more: Partial<FlowDefinition> = {}): FlowDefinition {
  return { name: "trip", version, events: { Done: {} }, initial: "asked", states: {}, ...more };
}

const done = { final: "done" };
const asked = { businessState: "open", on: { Done: "done" } } as const;
const VERSIONS = [
  trip(1, { states: { asked, held: { businessState: "held", on: { Done: "done" } }, done } }),
  trip(2, { states: { asked, done }, migrations: [{ from: 1, states: { held: "asked" } }] }),
  trip(3, { states: { asked, done }, migrations: [{ from: 1 }, { from: 2 }] }),
].map((definition) => compileFlow(definition, compileSchema));

const SERVED: ServedFlows = {
  flow: (name, version) => VERSIONS.find((flow) => flow.name === name && flow.version === version),
  versionsOf: () => VERSIONS,
  flowNames: () => ["trip"],
};

function migrate(filter: RunFilter): void {
  planJob(SERVED, { operation: { type: "migrate", toVersion: 3 }, filter: { flow: "trip", ...filter } });
}

test("a migration is refused for a state without a place, and not for one that its filter leaves out", () => {
  const homeless = { code: "FLOW_MIGRATION_REFUSED", message: /states of version 1 .*: held;/ };
  for (const filter of [
    {},
    { flowVersion: 1 },
    { state: "held" },
    { businessState: "held" },
    { parked: true },
  ])
    assert.throws(() => migrate(filter), homeless, JSON.stringify(filter));
  for (const filter of [{ flowVersion: 2 }, { state: "asked" }, { businessState: "open" }])
    assert.doesNotThrow(() => migrate(filter), JSON.stringify(filter));
});
