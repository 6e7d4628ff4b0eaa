import assert from "node:assert/strict";
import { it } from "node:test";
import { arrayTypeOf, arrayTypes, fromArrayText, toArrayText } from "./array-types.ts";

it("writes arrays as Postgres reads them", () => {
  assert.equal(toArrayText([]), "{}");
  assert.equal(toArrayText(["a", "", null, "null"]), '{"a","",null,"null"}');
  assert.equal(toArrayText(['"', "\\", "{,}"]), '{"\\"","\\\\","{,}"}');
  assert.equal(toArrayText([1, -0.5, 12n, true]), "{1,-0.5,12,true}");
  assert.equal(toArrayText([["a"], ["b"]]), '{{"a"},{"b"}}');
  assert.equal(toArrayText([new Date(0), { a: 1 }]), '{"1970-01-01T00:00:00.000Z","{\\"a\\":1}"}');
});

it("reads arrays as Postgres writes them", () => {
  const read = (text: string) => fromArrayText(text, String);
  assert.deepEqual(read("{}"), []);
  assert.deepEqual(read('{a,"",NULL,"NULL",b c}'), ["a", "", null, "NULL", "b c"]);
  assert.deepEqual(read('{"\\"","\\\\","{,}","line\nbreak"}'), ['"', "\\", "{,}", "line\nbreak"]);
  assert.deepEqual(read("{{a,b},{c,NULL}}"), [
    ["a", "b"],
    ["c", null],
  ]);
  assert.deepEqual(read("[0:1]={a,b}"), ["a", "b"]);
  assert.deepEqual(arrayTypes["int4Array"]?.parse("{1,NULL,-3}"), [1, null, -3]);
  assert.deepEqual(arrayTypes["boolArray"]?.parse("{t,f}"), [true, false]);
});

it("knows the array types of elements by their numbers", () => {
  assert.equal(arrayTypeOf(25), 1009);
  assert.equal(arrayTypeOf(999_999), undefined);
});
