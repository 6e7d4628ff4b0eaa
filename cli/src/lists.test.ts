import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { listOf, oneOf } from "./lists.ts";

describe("a list on the command line", () => {
  it("is read between commas, each value once", () => {
    assert.deepEqual(listOf(oneOf(["a", "b"]))("b, a,b"), ["b", "a"]);
  });

  it("is refused for one value that is none, naming those there are", () => {
    assert.throws(() => listOf(oneOf(["a", "b"]))("a,c"), /Expected a, b\./);
    assert.throws(() => listOf(oneOf(["a", "b"]))(""), /Expected a, b\./);
  });
});
