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

test("the dry run of a migration that is refused as a whole is planned, and knows why", () => {
  const operation = { type: "migrate", toVersion: 3 } as const;
  const planned = (filter: RunFilter) => planJob(SERVED, { operation, filter, isDryRun: true }).refusal;
  const refusal = planned({ flow: "trip" });
  assert.equal(refusal?.code, "FLOW_MIGRATION_REFUSED");
  assert.match(refusal.message, /^states of version 1 without a place in version 3 of flow trip: held; name/);
  assert.equal(planned({ flow: "trip", state: "asked" }), undefined);
});

test("a force into a state that no version of any flow has is refused at once, with the nearest name", () => {
  const force = (state: string, filter: RunFilter) =>
    planJob(SERVED, { operation: { type: "force", state }, filter });
  const unknown = {
    code: "FLOW_UNKNOWN_STATE",
    message: /no flow has a state hold, .*did you mean "held"\?/,
  };
  const runIds = ["01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57"];
  for (const filter of [{ parked: true }, { runIds }])
    assert.throws(() => force("hold", filter), unknown, JSON.stringify(filter));
  for (const filter of [{ parked: true }, { runIds }, { flow: "trip" }])
    assert.doesNotThrow(() => force("held", filter), JSON.stringify(filter));
});
