import assert from "node:assert/strict";
import { test } from "node:test";
import { isExplainable } from "./explainable.ts";

test("a value is told all its faults as long as it has few values in it, however they are held", () => {
  const list = (length: number): number[] => Array.from({ length }, () => 1);
  const chain = (depth: number): unknown => (depth === 0 ? 1 : { inner: chain(depth - 1) });
  const named = (count: number): object => Object.fromEntries(list(count).map((one, at) => [`n${at}`, one]));
  const cases = [
    1,
    null,
    undefined,
    "x".repeat(10_000),
    list(999),
    chain(999),
    named(999),
    [list(498), list(499)],
  ];
  for (const small of cases) assert.equal(isExplainable(small), true);
  const itself: unknown[] = [];
  itself.push(itself);
  for (const large of [list(1_000), chain(1_000), named(1_000), [list(499), list(499)], itself])
    assert.equal(isExplainable(large), false);
});
