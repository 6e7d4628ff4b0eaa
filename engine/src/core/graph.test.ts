import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { components, reach } from "./graph.ts";

const follow = (edges: Readonly<Record<string, string>>) => (node: string) => edges[node]?.split("") ?? [];

describe("reach", () => {
  it("finds every node on the way, the first included", () => {
    assert.deepEqual([...reach(["a"], follow({ a: "bc", b: "d", e: "a" }))].toSorted(), ["a", "b", "c", "d"]);
  });

  it("walks a circle once", () => {
    assert.deepEqual([...reach(["a"], follow({ a: "b", b: "a" }))].toSorted(), ["a", "b"]);
  });
});

describe("components", () => {
  it("groups nodes that lead to one another and leaves others alone", () => {
    const groups = components(["a", "b", "c", "d", "e"], follow({ a: "b", b: "c", c: "ad", d: "e", e: "d" }));
    assert.deepEqual(groups.map((group) => group.join("")).toSorted(), ["abc", "de"]);
  });

  it("keeps the order of the nodes within a group", () => {
    assert.deepEqual(components(["c", "a", "b"], follow({ a: "b", b: "c", c: "a" })), [["c", "a", "b"]]);
  });

  it("ignores edges that lead out of the nodes it was given", () => {
    assert.deepEqual(components(["a", "b"], follow({ a: "xb", b: "x" })).length, 2);
  });

  it("tells two circles with one node in common as one group", () => {
    assert.deepEqual(components(["a", "b", "c"], follow({ a: "bc", b: "a", c: "a" })), [["a", "b", "c"]]);
  });

  it("walks a long chain without overflowing the stack", () => {
    const nodes = Array.from({ length: 20_000 }, (_, n) => `${n}`);
    assert.equal(components(nodes, (node) => [`${Number(node) + 1}`]).length, 20_000);
  });
});
