import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, toReceived, toRecord } from "./record.ts";
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

test("a record of Kafka is never larger than it is counted", () => {
  const record = toRecord({
    key: "run-1",
    headers: { a: "b", "content-type": "application/json" },
    body: "ä☃",
  });
  assert.equal(record.value.length, 5);
  assert.ok(bytesOf(record) >= 5 + 5 + 2 + 28 + 20);
});
