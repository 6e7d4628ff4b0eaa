import assert from "node:assert/strict";
import { test } from "node:test";
import { getPointer, parsePointer, setPointer } from "./pointer.ts";

test("a pointer finds values in objects and arrays", () => {
  const value = { a: { "b/c": [10, { "~": 1 }] } };
  assert.equal(getPointer(value, "/a/b~1c/0"), 10);
  assert.equal(getPointer(value, "/a/b~1c/1/~0"), 1);
  assert.equal(getPointer(value, "/a/none/0"), undefined);
  assert.equal(getPointer(5, "/a"), undefined);
});

test("setting a value leaves the original alone and makes objects on the way", () => {
  const before = { a: { b: 1 } };
  assert.deepEqual(setPointer(before, "/a/c/d", 2), { a: { b: 1, c: { d: 2 } } });
  assert.deepEqual(setPointer(before, "/a/b/c", 2), { a: { b: { c: 2 } } });
  assert.deepEqual(before, { a: { b: 1 } });
  assert.equal(setPointer(before, "no-pointer", 2), before);
});

test("a pointer never reaches into a prototype", () => {
  assert.equal(parsePointer("/__proto__/x"), null);
  assert.equal(getPointer({ a: 1 }, "/constructor"), undefined);
  assert.equal(getPointer({ a: 1 }, "/toString"), undefined);
});
