import assert from "node:assert/strict";
import { test } from "node:test";
import { deathOf } from "./death-of.ts";

test("a dead letter of ours says why, from where and when it is one", () => {
  const headers = {
    "sluice-dead-reason": "not-json",
    "sluice-dead-message": "no JSON",
    "sluice-dead-queue": "mail.commands",
    "sluice-dead-at": "2026-07-01T12:00:00.000Z",
    // Of a former death, by the broker.
    "x-death": [{ queue: "mail.events.0", reason: "delivery_limit" }],
  };
  assert.deepEqual(deathOf({ headers: headers as never }), {
    reason: "not-json",
    error: "no JSON",
    queue: "mail.commands",
    diedAt: "2026-07-01T12:00:00.000Z",
  });
});

test("a dead letter of the broker is read from its own headers, the latest death first", () => {
  const time = { "!": "timestamp", value: 1_782_907_200 };
  const headers = {
    "x-death": [
      { queue: "mail.commands", reason: "delivery_limit", time },
      { queue: "mail.events.0", reason: "expired" },
    ],
  };
  const { reason, queue, diedAt } = deathOf({ headers: headers as never });
  assert.deepEqual(
    [reason, queue, diedAt],
    ["deliveries-exhausted", "mail.commands", new Date(1_782_907_200_000).toISOString()],
  );
});

test("a dead letter that somebody has put there by hand has no place to go back to", () => {
  for (const headers of [undefined, {}, { "x-death": [] }, { "x-death": "odd" as never }])
    assert.deepEqual([deathOf({ headers }).reason, deathOf({ headers }).queue], ["unknown", null]);
});
