import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { AnyTypes } from "@sluice/engine/participant";
import { oneByOne } from "./one-by-one.ts";

const COMMAND: CommandMessage = {
  commandId: "r1:1:0",
  type: "Greet",
  runId: "r1",
  flow: "greeting",
  flowVersion: 1,
  attempt: 1,
  data: {},
};
const { signal } = new AbortController();

test("a handler of batches takes a command alone, in the transaction of the service", async () => {
  const handlers = oneByOne<AnyTypes, string>({
    Greet: async (commands, transaction) =>
      commands.map(({ commandId }) => ({ type: "Greeted", data: { commandId, transaction } })),
  });
  assert.deepEqual(await handlers["Greet"]?.(COMMAND, signal, "t1"), {
    type: "Greeted",
    data: { commandId: "r1:1:0", transaction: "t1" },
  });
});

test("a handler of batches that answers nothing fails, instead of leaving its run waiting", async () => {
  const handlers = oneByOne<AnyTypes, string>({ Greet: async () => [] });
  await assert.rejects(async () => handlers["Greet"]?.(COMMAND, signal, "t1"), /Greet gave no answer/);
});
