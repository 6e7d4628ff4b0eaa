import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { local } from "../../participant/local.ts";
import { transportContract } from "../../testing/transport-contract.ts";
import { memoryTransport } from "./memory-transport.ts";

transportContract("the memory transport behind a local participant", async (_t, participant, bounds) =>
  local("contract", { Echo: participant }, { handleMs: bounds.attemptMs, concurrencyMax: bounds.sendsMax }),
);

const COMMAND: CommandMessage = {
  commandId: "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57:1:0",
  type: "Echo",
  runId: "01980f3e-7a2b-7c31-9d1e-2f6a4c8b0e57",
  flow: "contract",
  flowVersion: 1,
  attempt: 1,
  data: {},
};

async function settle(answer: unknown) {
  const transport = memoryTransport({
    channel: "contract",
    sendsMax: 1,
    deliver: async () => answer as EventMessage,
  });
  return (await transport.send([COMMAND], new AbortController().signal))[0];
}

test("an answer in memory is a copy of what JSON can hold", async () => {
  const data = { lines: [1], nothing: undefined };
  const settlement = await settle({ type: "Echoed", data, extra: true });
  data.lines.push(2);
  assert.deepEqual(settlement, { type: "answered", event: { type: "Echoed", data: { lines: [1] } } });
});

test("an answer in memory that no wire could carry is a bad answer", async () => {
  for (const answer of [
    "Echoed",
    {},
    { type: 1, data: {} },
    { type: "Echoed" },
    { type: "Echoed", data: 1n },
    { type: "Echoed", data: { weight: Number.NaN } },
    { type: "Echoed", data: { at: new Date(0) } },
  ]) {
    const settlement = await settle(answer);
    assert.equal(settlement?.type === "failed" && settlement.error.code, "FLOW_BAD_ANSWER");
  }
});
