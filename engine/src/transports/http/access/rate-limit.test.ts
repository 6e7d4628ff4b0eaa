import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../../core/errors.ts";
import { createRateLimit } from "./rate-limit.ts";

test("a key may burst for a second and then goes on at its rate", () => {
  let nowMs = 0;
  const limit = createRateLimit(10, () => nowMs);
  for (let n = 0; n < 10; n++) limit.take("a", "shop");
  assert.throws(
    () => limit.take("a", "shop"),
    (error: { retryAfterMs?: number }) => hasCode(error, "FLOW_RATE_LIMITED") && error.retryAfterMs === 100,
  );
  limit.take("b", "other");
  nowMs = 100;
  limit.take("a", "shop");
  assert.throws(() => limit.take("a", "shop"));
});
