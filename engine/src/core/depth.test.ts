import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@sluice/contracts/envelope";
import { DEPTH_MAX, isTooDeep } from "./depth.ts";

function nested(depth: number): Json {
  let value: Json = 1;
  for (let n = 0; n < depth; n++) value = n % 2 === 0 ? [value] : { value };
  return value;
}

test("data may be nested as deep as the limit and no deeper", () => {
  assert.equal(isTooDeep(nested(DEPTH_MAX)), false);
  assert.equal(isTooDeep(nested(DEPTH_MAX + 1)), true);
  assert.equal(isTooDeep(nested(200_000)), true);
  assert.equal(isTooDeep(null), false);
});
