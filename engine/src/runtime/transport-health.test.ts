import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowDefinition } from "../core/flow.ts";
import type { Transport } from "../core/ports.ts";
import { memoryDatabase, startEngine } from "./fixtures/memory-engine.ts";

const order: FlowDefinition = {
  name: "order",
  version: 1,
  events: { Paid: { type: "object" } },
  commands: { Pay: { channel: "bank", answers: ["Paid"] } },
  initial: "paying",
  states: {
    paying: { send: { Pay: "data" }, on: { Paid: "done", commandFailed: "done" } },
    done: { final: "paid" },
  },
};

test("an engine is not ready while one of its channels does not pass, and says which and why", async (t) => {
  let health: true | string = "the bank is closed";
  const bank: Transport = {
    channel: "bank",
    commandsPerSendMax: 1,
    sendsMax: 1,
    send: async (commands) => commands.map(() => ({ type: "delivered" })),
    health: () => health,
  };
  const engine = await startEngine(t, memoryDatabase(), { flows: [order], participants: [bank] });
  assert.equal(engine.readiness(), "channel bank: the bank is closed");
  health = true;
  assert.equal(engine.readiness(), true);
});
