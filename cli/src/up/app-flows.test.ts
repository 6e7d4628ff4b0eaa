import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAppFlows } from "./app-flows.ts";

test("an app is warned of a child flow that it does not serve", () => {
  const parent = {
    name: "order",
    version: 1,
    events: { Told: { type: "object" } },
    commands: { Tell: { flow: "letter", outcomes: { sent: "Told" } } },
    initial: "telling",
    states: {
      telling: { send: { Tell: "data" }, on: { Told: "done", commandFailed: "done" } },
      done: { final: "done" },
    },
  } as const;
  const warned: [object, string][] = [];
  checkAppFlows({ flows: [parent] }, { warn: (fields, message) => void warned.push([fields, message]) });
  assert.equal(warned.length, 1);
  assert.partialDeepStrictEqual(warned[0]?.[0], { flow: "order", code: "unknown-flow" });
  assert.match(warned[0]?.[1] ?? "", /^command Tell starts flow "letter"/);
});
