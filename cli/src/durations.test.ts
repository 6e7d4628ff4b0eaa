import assert from "node:assert/strict";
import { it } from "node:test";
import { formatDuration } from "./durations.ts";

it("tells lengths of time in at most two units", () => {
  const texts = [0, 950, 3_210, 59_000, 250_000, 7_500_000, 3_600_000, 273_600_000, -5].map(formatDuration);
  assert.deepEqual(texts, ["0ms", "950ms", "3.2s", "59s", "4m 10s", "2h 5m", "1h", "3d 4h", "0ms"]);
});
