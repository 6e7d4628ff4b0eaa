import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { parseJsonBody } from "./json-body.ts";

function refused(body: string | Buffer): string {
  try {
    parseJsonBody(Buffer.from(body));
  } catch (error) {
    assert.ok(hasCode(error, "HOST_BAD_REQUEST"), String(error));
    return (error as Error).message;
  }
  return assert.fail(`taken: ${body.toString("latin1")}`);
}

test("a body of JSON is taken as it is written", () => {
  const texts = [
    '{"a":[1,-2.5e3,true,null,"ü"]}',
    '"1234567890123456789"',
    "9007199254740991",
    "-9007199254740992",
    "123456789012345680000",
    "1e300",
    "0.12345678901234567890123",
    '{"constructor":"Gaudí","prototype":1}',
    '"\\u0041\\ud800"',
    "1".padEnd(23, "0"),
  ];
  for (const text of texts) assert.deepEqual(parseJsonBody(Buffer.from(text)), JSON.parse(text), text);
  assert.equal(parseJsonBody(Buffer.from("\ufeff1")), 1);
});

test("a number that would be another one after parsing is refused and told where", () => {
  for (const number of ["9007199254740993", "-12345678901234567", "1e400", "-1E+0400", "9".repeat(400)])
    assert.match(
      refused(`{"a":{"amountMinor":${number}}}`),
      /number at "amountMinor" would not be kept .* as a text/,
      number,
    );
});

test("a name that stands twice in one object is refused and told, however it is written", () => {
  assert.match(refused('{"a":1,"a":2}'), /has "a" twice in one object, expected each name once/);
  assert.match(refused('[{"b":{"a":1},"c":[{"x":1},{"a":":","\\u0061":2}]}]'), /has "a" twice/);
  assert.match(refused('{"":1,"":1}'), /has "" twice/);
  assert.match(refused('{"q\\"{":1,"b":"}","q\\"{":1}'), /twice/);
  const texts = [
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
    '{"a:":":","b":"\\":","c":"\\\\"}',
    '{"1":1,"01":2}',
  ];
  for (const text of texts) assert.deepEqual(parseJsonBody(Buffer.from(text)), JSON.parse(text), text);
});

test("a name that reaches for a prototype is refused by that name", () => {
  assert.match(refused('{"a":[{"__proto__":{"b":1}}]}'), /a member __proto__.*rename it/);
  assert.match(refused('{"\\u005f_proto__":1}'), /a member __proto__/);
  assert.match(refused('{"constructor":{"prototype":{}}}'), /a member constructor/);
});

test("bytes that are no UTF-8 or no JSON are refused, and not repeated", () => {
  assert.match(refused(Buffer.from([0x22, 0xc3, 0x28, 0x22])), /not UTF-8/);
  assert.match(refused(Buffer.from('{"a":"ü"}', "latin1")), /not UTF-8/);
  assert.match(refused(""), /is empty/);
  assert.match(refused('{"units" 1}'), /not JSON at character 10, expected a JSON text/);
  assert.doesNotMatch(refused("geheim"), /geheim/);
});

test("a body that is nested without end does not end the process", () => {
  const deep = `${"[".repeat(400_000)}"__proto__"${"]".repeat(400_000)}`;
  assert.match(refused(deep), /nested too deep/);
});
