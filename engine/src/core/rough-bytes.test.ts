import assert from "node:assert/strict";
import { test } from "node:test";
import { roughBytes } from "./rough-bytes.ts";

test("a value is about as large as its JSON", () => {
  const order = {
    id: "o-1",
    lines: Array.from({ length: 50 }, (_, n) => ({ sku: `sku-${n}`, units: n })),
    note: null,
  };
  const bytes = JSON.stringify(order).length;
  assert.ok(
    roughBytes(order) > bytes / 2 && roughBytes(order) < bytes * 2.5,
    `${roughBytes(order)} for ${bytes}`,
  );
  assert.ok(roughBytes("x".repeat(10_000)) >= 10_000);
});

test("counting ends soon above the limit", () => {
  const huge = Array.from({ length: 100_000 }, () => "x".repeat(100));
  assert.ok(roughBytes(huge, 1_000) < 2_000_000);
});
