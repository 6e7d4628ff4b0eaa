import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_RETRY, backoffMs } from "./backoff.ts";

test("waits grow exponentially up to the bound", () => {
  const policy = { ...DEFAULT_RETRY, jitter: "none" as const };
  assert.deepEqual(
    [1, 2, 3, 8, 9].map((attempt) => backoffMs(policy, attempt, 0)),
    [200, 400, 800, 25_600, 30_000],
  );
});

test("full jitter spreads a wait between nothing and its bound", () => {
  assert.equal(backoffMs(DEFAULT_RETRY, 3, 0), 0);
  assert.equal(backoffMs(DEFAULT_RETRY, 3, 0.5), 400);
  assert.ok(backoffMs(DEFAULT_RETRY, 3, 0.999) <= 800);
});

test("a policy that cannot wait is refused", () => {
  assert.throws(() => backoffMs({ ...DEFAULT_RETRY, firstMs: 0 }, 1, 0), { code: "FLOW_BAD_POLICY" });
  assert.throws(() => backoffMs({ ...DEFAULT_RETRY, factor: 0.5 }, 1, 0), { code: "FLOW_BAD_POLICY" });
});
