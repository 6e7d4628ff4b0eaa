import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import {
  Admin,
  Consumer,
  ProduceAcks,
  Producer,
  stringDeserializers,
  stringSerializers,
} from "@platformatic/kafka";
import { serverContract } from "../fixtures/server-contract.ts";
import { testKafka, whyMissing } from "../testing.ts";

const TOPIC = "kept";

const clientOf = (address: string) => ({ clientId: "witness", bootstrapBrokers: [address] });

async function makeTopic(address: string): Promise<void> {
  const admin = new Admin(clientOf(address));
  try {
    const topics = await admin.listTopics();
    if (!topics.includes(TOPIC)) await admin.createTopics({ topics: [TOPIC], partitions: 1, replicas: 1 });
  } finally {
    await admin.close();
  }
}

await serverContract("kafka", {
  async write({ address }, text) {
    await makeTopic(address);
    const producer = new Producer({ ...clientOf(address), serializers: stringSerializers });
    try {
      await producer.send({ messages: [{ topic: TOPIC, key: "1", value: text }], acks: ProduceAcks.ALL });
    } finally {
      await producer.close();
    }
  },
  async read({ address }) {
    const consumer = new Consumer({
      ...clientOf(address),
      groupId: randomUUID(),
      deserializers: stringDeserializers,
    });
    try {
      const [latest = 0n] = (await consumer.listOffsets({ topics: [TOPIC] })).get(TOPIC) ?? [];
      const stream = await consumer.consume({ topics: [TOPIC], mode: "earliest" });
      const texts: string[] = [];
      for await (const { value, offset } of stream) {
        texts.push(value);
        if (offset + 1n >= latest) break;
      }
      await stream.close();
      return texts;
    } finally {
      await consumer.close(true);
    }
  },
});

describe("Kafka of the stack, as it is set up", { skip: await whyMissing("kafka") }, () => {
  it("makes no topic that nobody has asked for", async (t) => {
    const { address } = await testKafka(t);
    const producer = new Producer({ ...clientOf(address), serializers: stringSerializers, retries: 0 });
    t.after(() => producer.close());
    await assert.rejects(producer.send({ messages: [{ topic: "misspelled", value: "lost" }] }));
  });
});
