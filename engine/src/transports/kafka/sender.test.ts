import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "@platformatic/kafka";
import { GivenUp } from "./idempotent-producer.ts";
import { resolveKafkaOptions } from "./options.ts";
import { toRecord } from "./record.ts";
import { Sender } from "./sender.ts";

const OPTIONS = { brokers: ["127.0.0.1:9092"], groupId: "any", eventsTopic: "events" };
const UNKNOWN_TOPIC = new ProtocolError("UNKNOWN_TOPIC_OR_PARTITION");

/** A sender whose first producer fails like that, and whether that one was closed before the next was made. */
function openSender(failure: unknown) {
  const producers: { isClosed: boolean }[] = [];
  const options = resolveKafkaOptions(OPTIONS, "events");
  const sender = new Sender(options, () => {
    const producer = { isClosed: false };
    const isFirst = producers.push(producer) === 1;
    return {
      reach: async () => {},
      produce: async () => {
        if (isFirst) throw failure;
      },
      close: async () => {
        producer.isClosed = true;
      },
    };
  });
  return { producers, send: () => sender.send("commands", toRecord({ key: "a", headers: {}, body: "{}" })) };
}

test("a message that was written and given up may have arrived, whatever was wrong with its last repeat", async () => {
  for (const cause of [UNKNOWN_TOPIC, new Error("any"), undefined]) {
    const { send } = openSender(new GivenUp(cause, true));
    await assert.rejects(send(), { code: "FLOW_COMMAND_TIMEOUT" });
  }
});

test("a message that was given up before anything was written has certainly not arrived", async () => {
  for (const cause of [UNKNOWN_TOPIC, new Error("any"), undefined]) {
    const { send } = openSender(new GivenUp(cause, false));
    await assert.rejects(send(), { code: "FLOW_COMMAND_UNREACHABLE" });
  }
});

test("a producer that may still repeat what was given up is closed, and the next message goes over another", async () => {
  for (const mayHaveArrived of [true, false]) {
    const { producers, send } = openSender(new GivenUp(UNKNOWN_TOPIC, mayHaveArrived));
    await assert.rejects(send());
    await send();
    assert.deepEqual(producers, [{ isClosed: true }, { isClosed: false }]);
  }
});

test("a producer that was answered that there is no such topic is kept", async () => {
  const { producers, send } = openSender(UNKNOWN_TOPIC);
  await assert.rejects(send(), { code: "FLOW_COMMAND_UNREACHABLE" });
  assert.deepEqual(producers, [{ isClosed: false }]);
});
