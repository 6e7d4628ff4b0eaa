import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "@sluice/contracts/envelope";
import { DEPTH_MAX, copyJson } from "./json-copy.ts";

function nested(depth: number): Json {
  let value: Json = 1;
  for (let n = 0; n < depth; n++) value = n % 2 === 0 ? [value] : { value };
  return value;
}

test("data may be nested as deep as the limit and no deeper", () => {
  assert.equal(copyJson(nested(DEPTH_MAX)).fault, null);
  for (const depth of [DEPTH_MAX + 1, 200_000])
    assert.match(copyJson(nested(depth)).fault?.message ?? "", /nested deeper than 100/);
});

test("a copy is what JSON would give back, and shares nothing with its original", () => {
  const original = {
    a: [1, { b: "x" }],
    gone: undefined,
    zero: -0,
    half: "\ud800",
    none: null,
  } as unknown as Json;
  const { copy } = copyJson(original);
  assert.deepStrictEqual(copy, JSON.parse(JSON.stringify(original)));
  (original as { a: unknown[] }).a.push(2);
  assert.deepStrictEqual(copy, { a: [1, { b: "x" }], zero: 0, half: "\ud800", none: null });
});

test("what JSON would change in silence is a fault that says where it is", () => {
  class Money {
    amountMinor = 1;
  }
  const faults: readonly (readonly [unknown, string, RegExp])[] = [
    [Number.POSITIVE_INFINITY, "", /is Infinity, expected a finite number/],
    [{ lines: [{ amount: Number.NaN }] }, "/lines/0/amount", /is NaN/],
    [undefined, "", /is undefined/],
    [[1, undefined], "/1", /is undefined/],
    // A hole is no value either.
    [Object.assign([], { length: 1 }), "/0", /is undefined/],
    [{ "a/b": new Date(0) }, "/a~1b", /is a Date, expected a plain object/],
    [{ of: new Map() }, "/of", /is a Map/],
    [{ of: new Money() }, "/of", /is a Money/],
    [{ of: Buffer.from("x") }, "/of", /is a Buffer/],
    [{ of: 1n }, "/of", /is a bigint/],
    [{ of: () => 1 }, "/of", /is a function/],
    [{ of: Symbol("x") }, "/of", /is a symbol/],
    [JSON.parse('{"a":{"__proto__":{}}}'), "/a/__proto__", /no member may have/],
  ];
  for (const [value, path, message] of faults) {
    const { copy, fault } = copyJson(value as Json);
    assert.equal(copy, null);
    assert.equal(fault?.path, path);
    assert.match(fault?.message ?? "", message);
  }
});

test("an error of the data's own code is not taken for a fault of the data", () => {
  const broken = {
    get seat(): string {
      throw new TypeError("the seat is gone");
    },
  };
  assert.throws(() => copyJson(broken), /the seat is gone/);
});

test("an object without a prototype and a list of a subclass are as good as any", () => {
  class Rows extends Array<number> {}
  const bare = Object.assign(Object.create(null) as object, { rows: Rows.from([1, 2]) }) as Json;
  assert.deepStrictEqual(copyJson(bare).copy, { rows: [1, 2] });
});
