import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, toDeadLetter, toReceived, toRecord } from "./record.ts";
import type { KafkaMessage } from "./record.ts";

const MESSAGE: KafkaMessage = {
  topic: "orders.events",
  partition: 3,
  offset: 42n,
  key: Buffer.from("run-1"),
  value: Buffer.from("{ no json"),
  headers: [
    [Buffer.from("Content-Type"), Buffer.from("application/json")],
    [null, Buffer.from("nameless")],
    [Buffer.from("empty"), null],
  ],
};

const WHY = { reason: "not-json", error: "the body is no JSON text in UTF-8" };

function textsOf(headers: ReadonlyMap<Buffer, Buffer>): Record<string, string> {
  return Object.fromEntries([...headers].map(([name, value]) => [name.toString(), value.toString()]));
}

test("a message of Kafka is received with header names in lower case, whatever is missing in it", () => {
  const { headers, key, body } = toReceived(MESSAGE);
  assert.deepEqual([key, { ...headers }], ["run-1", { "content-type": "application/json" }]);
  assert.equal(Buffer.from(body).toString(), "{ no json");
  const empty = toReceived({ ...MESSAGE, key: null, value: null, headers: [] });
  assert.deepEqual([empty.key, empty.body.byteLength], [null, 0]);
});

test("a header of Kafka named __proto__ is a header like any other", () => {
  const { headers } = toReceived({ ...MESSAGE, headers: [[Buffer.from("__proto__"), Buffer.from("x")]] });
  assert.deepEqual(Object.entries(headers), [["__proto__", "x"]]);
});

test("a dead letter of Kafka is the message as it came, with a reason and its place", () => {
  const letter = toDeadLetter(MESSAGE, WHY, 10_000);
  assert.deepEqual([letter.key, letter.value], [MESSAGE.key, MESSAGE.value]);
  assert.deepEqual(textsOf(letter.headers), {
    "Content-Type": "application/json",
    "sluice-dead-reason": "not-json",
    "sluice-dead-message": "the body is no JSON text in UTF-8",
    "sluice-dead-place": "orders.events:3:42",
  });
});

test("a dead letter of Kafka always fits, however large the message, its key or its headers", () => {
  const large = Buffer.alloc(50_000, "x");
  for (const message of [
    { ...MESSAGE, value: large },
    { ...MESSAGE, key: large },
    { ...MESSAGE, headers: [[Buffer.from("large"), large]] as const },
    { ...MESSAGE, key: large, value: large, headers: [[large, large]] as const },
  ]) {
    const letter = toDeadLetter(message, { reason: "too-large", error: "y".repeat(100_000) }, 10_000);
    assert.ok(bytesOf(letter) <= 10_000, `${bytesOf(letter)}`);
    assert.ok(Number(textsOf(letter.headers)["sluice-dead-bytes"]) > 50_000);
    assert.equal(textsOf(letter.headers)["sluice-dead-reason"], "too-large");
  }
});

test("a record of Kafka is never larger than it is counted", () => {
  const record = toRecord({
    key: "run-1",
    headers: { a: "b", "content-type": "application/json" },
    body: "ä☃",
  });
  assert.equal(record.value.length, 5);
  assert.ok(bytesOf(record) >= 5 + 5 + 2 + 28 + 20);
});
