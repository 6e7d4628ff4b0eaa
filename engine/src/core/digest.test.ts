import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyDigest, digest, isBodyDigest } from "./digest.ts";

test("a digest of a body is the same for equal JSON in any order of members, and for nothing else", () => {
  const body = { b: [{ y: 1, x: null }], a: "x" };
  assert.equal(bodyDigest(body), bodyDigest({ a: "x", b: [{ x: null, y: 1 }] }));
  assert.notEqual(bodyDigest([1, 2]), bodyDigest([2, 1]));
  assert.notEqual(bodyDigest(body), bodyDigest(body, "Paid"));
  assert.notEqual(bodyDigest({ a: 1 }), bodyDigest({ a: "1" }));
});

test("a digest that was made of the text alone is known again", () => {
  const body = { b: 1, a: 2 };
  assert.equal(isBodyDigest(digest(JSON.stringify(body)), body), true);
  assert.equal(isBodyDigest(digest(`Paid${JSON.stringify(body)}`), body, "Paid"), true);
  assert.equal(isBodyDigest(bodyDigest(body), { a: 2, b: 1 }), true);
  assert.equal(isBodyDigest(digest(JSON.stringify(body)), { b: 1, a: 3 }), false);
});
