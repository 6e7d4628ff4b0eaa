import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { kafkaCommands } from "./kafka-commands.ts";
import { kafkaTransports } from "./kafka-transport.ts";
import { resolveKafkaOptions } from "./options.ts";
import type { KafkaOptions } from "./options.ts";

const GOOD = { brokers: ["127.0.0.1:9092"], eventsTopic: "orders.events", groupId: "orders" };

test("options of Kafka are complete and frozen, and name the dead letters after the topic that is read", () => {
  const resolved = resolveKafkaOptions(GOOD, "orders.events");
  assert.ok(Object.isFrozen(resolved));
  const { deadLettersTopic, partitions, topics, messageBytesMax, tls, sasl, replicationFactor } = resolved;
  assert.deepEqual([deadLettersTopic, partitions, topics], ["orders.events.dead-letters", 16, "create"]);
  assert.deepEqual([messageBytesMax, tls, sasl, replicationFactor], [1_000_000, null, null, null]);
});

test("options of Kafka that cannot work are refused with what was expected", () => {
  const bad: readonly (readonly [Partial<KafkaOptions>, RegExp])[] = [
    [{ brokers: [] }, /brokers has to name 1 to 100/],
    [{ brokers: ["127.0.0.1"] }, /brokers\[0\] is no host:port/],
    [{ eventsTopic: "orders events" }, /eventsTopic is "orders events", expected 1 to 249/],
    [{ groupId: "" }, /groupId/],
    [{ deadLettersTopic: ".." }, /deadLettersTopic/],
    [{ partitions: 0 }, /partitions is 0, expected a whole number from 1/],
    [{ partitionMessagesMax: 1.5 }, /partitionMessagesMax is 1\.5/],
    [{ attemptMs: Number.NaN }, /attemptMs is NaN/],
    [{ topics: "make" as "create" }, /topics is "make", expected "create" or "check"/],
    [
      { sasl: { mechanism: "PLAIN", username: "orders" } },
      /PLAIN is not complete, expected username and password/,
    ],
    [{ sasl: { mechanism: "OAUTHBEARER" } }, /expected a token/],
  ];
  for (const [wrong, message] of bad) {
    assert.throws(
      () => resolveKafkaOptions({ ...GOOD, ...wrong }, "orders.events"),
      (error) => {
        assert.ok(hasCode(error, "FLOW_BAD_OPTION"));
        assert.match(String(error), message);
        return true;
      },
    );
  }
});

test("an address of a broker with a password in it is refused, and not repeated", () => {
  assert.throws(
    () => resolveKafkaOptions({ ...GOOD, brokers: ["kafka://orders:hunter2@broker:9092"] }, "orders.events"),
    (error) => /credentials go into sasl/.test(String(error)) && !/hunter2/.test(String(error)),
  );
});

test("transports over Kafka need a channel, and topics of their own for commands", () => {
  assert.throws(() => kafkaTransports({ ...GOOD, channels: {} }), /channels is empty/);
  assert.throws(() => kafkaTransports({ ...GOOD, channels: { mail: "a b" } }), /channels\.mail is "a b"/);
  assert.throws(() => kafkaTransports({ ...GOOD, channels: { mail: GOOD.eventsTopic } }), /expected two/);
  assert.throws(() => kafkaCommands({ ...GOOD, commandsTopic: "" }), /commandsTopic/);
  const transports = kafkaTransports({ ...GOOD, channels: { mail: "mail", payments: "payments" } });
  assert.deepEqual(
    transports.map(({ channel }) => channel),
    ["mail", "payments"],
  );
  assert.match(String(transports[0]?.health?.()), /not connected yet/);
});
