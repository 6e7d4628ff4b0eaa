import assert from "node:assert/strict";
import { test } from "node:test";
import { durationMs, parseDuration } from "./duration.ts";

test("a duration is a number and a unit", () => {
  const texts = ["0ms", "500ms", "30s", "1.5m", "24h", "7d"];
  assert.deepEqual(texts.map(parseDuration), [0, 500, 30_000, 90_000, 86_400_000, 604_800_000]);
});

test("what is no duration is refused, with an example of one", () => {
  for (const text of ["", "5", "s", "-1s", "1w", "1 s", "1e3s", "4000d", 5, null])
    assert.equal(parseDuration(text), null, String(text));
  assert.throws(() => durationMs("soon"), { code: "FLOW_BAD_DEFINITION", message: /"soon".*500ms/ });
});
