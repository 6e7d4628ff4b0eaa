import assert from "node:assert/strict";
import { test } from "node:test";
import { KafkaReaddresser } from "./kafka-frames.ts";

function answerOf(...parts: readonly (string | number)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => {
      if (typeof part === "string") return Buffer.from(part);
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(part);
      return bytes;
    }),
  );
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}

test("an answer of Kafka names another port wherever it names that of the broker, however its bytes arrive", () => {
  const sent = Buffer.concat([
    answerOf("a", "127.0.0.1", 9092, "b", "127.0.0.1", 9092),
    answerOf("127.0.0.1", 9093, 9092, "1"),
  ]);
  const expected = Buffer.concat([
    answerOf("a", "127.0.0.1", 7001, "b", "127.0.0.1", 7001),
    answerOf("127.0.0.1", 9093, 9092, "1"),
  ]);
  for (const size of [1, 3, sent.length]) {
    const readdresser = new KafkaReaddresser("127.0.0.1", 9092, 7001);
    const heard: Buffer[] = [];
    for (let at = 0; at < sent.length; at += size)
      heard.push(...[...readdresser.take(sent.subarray(at, at + size))].map((each) => Buffer.from(each)));
    assert.deepEqual(Buffer.concat(heard), expected);
  }
});
