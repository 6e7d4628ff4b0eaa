import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../core/errors.ts";
import type { FlowDefinition } from "../core/flow.ts";
import { memoryDatabase, startEngine, until } from "./fixtures/memory-engine.ts";

const LANES = 4;

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Checked: {} },
  commands: { Check: { channel: "shop", answers: ["Checked"] } },
  initial: "checking",
  states: {
    checking: { send: { Check: { each: "/lines" } }, on: { Checked: "done" } },
    done: { final: "done" },
  },
};

test("a start that no rule would let begin is refused and not kept, also where the lane is another engine's", async (t) => {
  const database = memoryDatabase();
  const shop = { channel: "shop", commandsPerSendMax: 1, sendsMax: 1, send: () => Promise.resolve([]) };
  const parts = {
    flows: [order],
    participants: [shop],
    options: { lanes: LANES, leaseMs: 300, submitMs: 600 },
  };
  const one = await startEngine(t, database, { ...parts, engineId: "one" });
  await startEngine(t, database, { ...parts, engineId: "two" });
  const lanesOf = (engineId: string) =>
    database.lanes.flatMap(({ laneId, ownerId }) => (ownerId === engineId ? [laneId] : []));
  await until("both engines own lanes", () => lanesOf("one").length > 0 && lanesOf("two").length > 0);

  // Enough of them that some fall into the other engine's lanes.
  const keys = Array.from({ length: 20 }, (_, at) => `order ${at}`);
  const starts = keys.map(async (key) => {
    const ending = await one.client.start("order", { key, data: {} }).catch((error: unknown) => error);
    assert.ok(hasCode(ending, "FLOW_BAD_DATA"), `${key}: ${JSON.stringify(ending)}`);
  });
  await Promise.all(starts);
  assert.deepEqual([database.inbox.size, database.runs.size], [0, 0]);
});
