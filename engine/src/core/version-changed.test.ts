import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@sluice/contracts/envelope";
import { pinnedPart, versionChanged } from "./version-changed.ts";

const definition = {
  name: "refund",
  version: 1,
  description: "A refund.",
  events: { Paid: { type: "object" } },
  migrations: [{ from: 1 }],
  states: {
    requested: {
      description: "Waits.",
      on: { Paid: [{ target: "paid", guard: { $function: "() => true" } }] },
      after: { delay: "7d", target: "paid" },
    },
    paid: { final: "paid" },
  },
} satisfies JsonObject;
const { requested, paid } = definition.states;

const row = (changed: JsonObject, version = 1) => ({
  flow: "refund",
  version,
  hash: JSON.stringify(changed),
  definition: changed,
});
const withRequested = (changed: JsonObject) => row({ ...definition, states: { requested: changed, paid } });

test("a definition that was changed under its version is told where it differs first, and the version to take", () => {
  const stored = [
    row(definition),
    row({ ...definition, name: "other" }, 4),
    { ...row({}, 9), flow: "other" },
  ];
  const cases: readonly (readonly [string, Parameters<typeof versionChanged>[0]])[] = [
    [
      "/states/requested/after/delay",
      withRequested({ ...requested, after: { delay: "14d", target: "paid" } }),
    ],
    [
      "/states/requested/on/Paid/0/guard",
      withRequested({
        ...requested,
        on: { Paid: [{ target: "paid", guard: { $function: "() => false" } }] },
      }),
    ],
    [
      "/states/requested/on/Paid/1",
      withRequested({ ...requested, on: { Paid: [...requested.on.Paid, {}] } }),
    ],
    ["/states/requested/deadline", withRequested({ ...requested, deadline: null })],
    ["/events/Paid/type", row({ ...definition, events: { Paid: { type: "array" } } })],
  ];
  for (const [place, given] of cases) {
    const { message } = versionChanged(given, stored);
    assert.ok(
      message.startsWith(
        `flow refund version 1 is stored with another definition, which differs at ${place};`,
      ),
      message,
    );
    assert.match(message, /give the changed one version 5 and serve both, or begin with an empty database$/);
  }
});

test("descriptions, the schedule and migrations are not pinned", () => {
  const { description: _, migrations: __, ...rest } = definition;
  const bare = { ...rest, states: { requested: { on: requested.on, after: requested.after }, paid } };
  assert.deepEqual(pinnedPart({ ...definition, schedule: { cron: "0 3 * * *" } }), bare);
});
