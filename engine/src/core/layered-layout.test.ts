import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { layOut } from "./layered-layout.ts";
import type { Layout, LayoutEdge, LayoutNode } from "./layered-layout.ts";

const node = (id: string): LayoutNode => ({ id, left: 50, right: 50, height: 40 });
const edge = (from: string, to: string): LayoutEdge => ({ from, to, labelWidth: 60, labelHeight: 16 });

/** `ab ac`: edges from a to b and from a to c. */
function layOutText(names: string, edges: string): Layout {
  return layOut(
    [...names].map(node),
    edges.split(" ").map((text) => edge(text.charAt(0), text.charAt(1))),
  );
}

function pointOf(layout: Layout, id: string) {
  const point = layout.nodes.get(id);
  assert.ok(point !== undefined);
  return point;
}

describe("layOut", () => {
  it("puts each node below those that lead to it", () => {
    const layout = layOutText("abcd", "ab ac bd cd ad");
    const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => pointOf(layout, id).y);
    assert.ok(a !== undefined && b !== undefined && c !== undefined && d !== undefined);
    assert.ok(a < b && b === c && c < d);
  });

  it("draws an edge that leads back from below to above", () => {
    const layout = layOutText("abc", "ab bc ca");
    const [first, last] = [layout.edges[2]?.points[0], layout.edges[2]?.points.at(-1)];
    assert.ok(first !== undefined && last !== undefined && first.y > last.y);
  });

  it("lets no node lie on another, and no label on a node or label", () => {
    const layout = layOutText("abcdefgh", "ab ac ad ae af bg cg dg eg fg gh ah ha ga bh");
    const boxes = [
      ...[...layout.nodes.values()].map(({ x, y }) => ({ x0: x - 50, x1: x + 50, y0: y, y1: y + 40 })),
      ...layout.edges.map(({ label: { x, y } }) => ({ x0: x - 30, x1: x + 30, y0: y - 8, y1: y + 8 })),
    ];
    for (const [index, one] of boxes.entries()) {
      for (const other of boxes.slice(index + 1)) {
        const isApart = one.x1 <= other.x0 || other.x1 <= one.x0 || one.y1 <= other.y0 || other.y1 <= one.y0;
        assert.ok(isApart, `${JSON.stringify(one)} lies on ${JSON.stringify(other)}`);
      }
    }
  });

  it("keeps everything within its width and height", () => {
    const layout = layOutText("abcdef", "ab ac ad be ce de af fa ef");
    const points = layout.edges.flatMap(({ points: of }) => of);
    for (const { x, y } of [...points, ...layout.nodes.values()]) {
      assert.ok(x >= 0 && x <= layout.width && y >= 0 && y <= layout.height, `${x} ${y}`);
    }
  });

  it("runs a chain of single followers straight down", () => {
    const layout = layOutText("abcd", "ab bc cd");
    assert.equal(new Set([...layout.nodes.values()].map(({ x }) => x)).size, 1);
  });

  it("keeps a node without edges beside the others", () => {
    const layout = layOutText("abcdefgz", "ab ac ad ae af ag");
    assert.ok(pointOf(layout, "z").x - pointOf(layout, "a").x < 200);
    assert.equal(pointOf(layout, "z").y, pointOf(layout, "a").y);
  });

  it("avoids crossings that another order avoids", () => {
    const layout = layOutText("rabxy", "ra rb ay bx");
    const isSameOrder =
      pointOf(layout, "a").x < pointOf(layout, "b").x === pointOf(layout, "y").x < pointOf(layout, "x").x;
    assert.ok(isSameOrder);
  });

  it("starts and ends each edge on the border of its nodes", () => {
    const layout = layOutText("abc", "ab ac cb");
    const [first, last] = [layout.edges[0]?.points[0], layout.edges[0]?.points.at(-1)];
    assert.equal(first?.y, pointOf(layout, "a").y + 40);
    assert.equal(last?.y, pointOf(layout, "b").y);
  });

  it("places the same graph the same each time", () => {
    assert.deepEqual(layOutText("abcde", "ab ac bd cd de ea"), layOutText("abcde", "ab ac bd cd de ea"));
  });

  it("places a node alone", () => {
    const layout = layOut([node("a")], []);
    assert.deepEqual([layout.width, layout.height], [100, 40]);
  });

  it("refuses an edge of a node it was not given", () => {
    assert.throws(() => layOutText("a", "ab"), /unknown node b/);
  });
});
