import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePrefer } from "./prefer.ts";

test("wishes of a Prefer header are read as RFC 7240 writes them", () => {
  const cases: readonly (readonly [string | undefined, number | null, boolean])[] = [
    [undefined, null, false],
    ["", null, false],
    ["wait=10", 10_000, false],
    ["Wait = 10", 10_000, false],
    ['wait="10"', 10_000, false],
    ["respond-async, wait=0", 0, true],
    ["Respond-Async", null, true],
    ["return=minimal; foo=1, wait=3; x", 3_000, false],
    ["wait=1, wait=2", 1_000, false],
    ["wait=1.5", null, false],
    ["wait=-1", null, false],
    ["waiting=5", null, false],
  ];
  for (const [header, waitMs, isAsync] of cases)
    assert.deepEqual(parsePrefer(header), { waitMs, isAsync }, header);
});
