import assert from "node:assert/strict";
import { test } from "node:test";
import { isCut, settledBy, toDeadLetter, toDeadMessage, toMark, toRevived } from "./dead-letter.ts";
import { bytesOf } from "./record.ts";
import type { KafkaMessage, KafkaRecord } from "./record.ts";

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

const DEATH = {
  reason: "not-json",
  error: "the body is no JSON text in UTF-8",
  atMs: Date.parse("2026-07-01T12:00:00.000Z"),
};

function textsOf(headers: ReadonlyMap<Buffer, Buffer>): Record<string, string> {
  return Object.fromEntries([...headers].map(([name, value]) => [name.toString(), value.toString()]));
}

/** As it is read among the dead letters. */
function buried({ key, value, headers }: KafkaRecord, offset = 7n): KafkaMessage {
  return { topic: "orders.events.dead-letters", partition: 0, offset, key, value, headers: [...headers] };
}

test("a dead letter of Kafka is the message as it came, with a reason, its place and the time", () => {
  const letter = toDeadLetter(MESSAGE, DEATH, 10_000);
  assert.deepEqual([letter.key, letter.value], [MESSAGE.key, MESSAGE.value]);
  assert.deepEqual(textsOf(letter.headers), {
    "Content-Type": "application/json",
    "sluice-dead-reason": "not-json",
    "sluice-dead-message": "the body is no JSON text in UTF-8",
    "sluice-dead-place": "orders.events:3:42",
    "sluice-dead-at": "2026-07-01T12:00:00.000Z",
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
    const letter = toDeadLetter(
      message,
      { ...DEATH, reason: "too-large", error: "☃".repeat(100_000) },
      10_000,
    );
    assert.ok(bytesOf(letter) <= 10_000, `${bytesOf(letter)}`);
    assert.ok(Number(textsOf(letter.headers)["sluice-dead-bytes"]) > 50_000);
    assert.equal(textsOf(letter.headers)["sluice-dead-reason"], "too-large");
    assert.ok(isCut(buried(letter)));
  }
});

test("a dead letter of Kafka says what it was, and goes back as that", () => {
  const letter = buried(toDeadLetter(MESSAGE, DEATH, 10_000));
  const { headers, ...rest } = toDeadMessage(letter);
  assert.deepEqual(rest, {
    id: "0-7",
    category: "unreadable",
    reason: "not-json",
    error: "the body is no JSON text in UTF-8",
    origin: "orders.events",
    diedAt: "2026-07-01T12:00:00.000Z",
    runId: "run-1",
    commandId: null,
    type: null,
    body: "{ no json",
    bodyBytes: 9,
  });
  assert.deepEqual(headers, { "content-type": "application/json" });
  const revived = toRevived(letter);
  assert.deepEqual([revived.key, revived.value], [MESSAGE.key, MESSAGE.value]);
  assert.deepEqual(textsOf(revived.headers), { "Content-Type": "application/json" });
});

test("a mark names what it settles, and no message of others can pass for one", () => {
  const letter = buried(toDeadLetter(MESSAGE, DEATH, 10_000));
  assert.equal(settledBy(letter), null);
  assert.deepEqual(settledBy(buried(toMark(letter), 9n)), { partition: 0, offset: 7n });
  const forged = {
    ...MESSAGE,
    headers: [[Buffer.from("Sluice-Dead-Settled"), Buffer.from("7")]] as const,
  };
  assert.equal(settledBy(buried(toDeadLetter(forged, DEATH, 10_000))), null);
});

test("a message that somebody has put among the dead letters by hand has no place to go back to", () => {
  const { reason, origin, category } = toDeadMessage({ ...MESSAGE, headers: [] });
  assert.deepEqual([reason, origin, category], ["unknown", null, "other"]);
});
