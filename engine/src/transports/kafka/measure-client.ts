/** What the client alone can do here: the baseline that everything over Kafka is compared with. */
import { randomUUID } from "node:crypto";
import { Admin, Consumer, Producer, compatibilityPartitioner } from "@platformatic/kafka";
import { rateOf } from "../broker/client-rate.ts";
import type { ClientRate } from "../broker/client-rate.ts";
import { clientSettings } from "./client-settings.ts";
import { resolveKafkaOptions } from "./options.ts";
import type { KafkaOptions, ResolvedKafkaOptions } from "./options.ts";

export interface ClientLoad extends Pick<KafkaOptions, "brokers" | "clientId" | "tls" | "sasl"> {
  /** How many messages are written and read. */
  readonly messages: number;
  /** Of each message's value. @default 200 */
  readonly valueBytes?: number;
  /** In one request of the producer; the next follows when it is acknowledged by all. @default 500 */
  readonly messagesPerSend?: number;
  /** Of the topic that is made for it, and deleted after. @default 4 */
  readonly partitions?: number;
}

/** Most that the client reads ahead. */
const READ_AHEAD = 5_000;
const REQUEST_MS = 30_000;
/** A broker that is new takes its time to know a topic, and to make the place for its groups. */
const PATIENT = { retries: 100, retryDelay: 100 };

/**
 * Messages per second of a bare idempotent producer, and of a bare consumer behind it: nothing of ours is between them and the broker.
 * @throws the client's errors
 */
export async function measureKafkaClient(load: ClientLoad): Promise<ClientRate> {
  const { messages, valueBytes = 200, messagesPerSend = 500, partitions = 4, ...connection } = load;
  const topic = `sluice-rate-${randomUUID()}`;
  const options = resolveKafkaOptions(
    { ...connection, eventsTopic: topic, groupId: topic, partitions },
    topic,
  );
  const admin = new Admin({ ...clientSettings(options, REQUEST_MS), ...PATIENT });
  try {
    await admin.createTopics({ topics: [topic], partitions, replicas: -1 });
    await admin.metadata({ topics: [topic] });
    const rate = await rateOf(messages, {
      produce: () => produce(options, topic, { messages, valueBytes, messagesPerSend }),
      consume: () => consume(options, topic, messages),
    });
    await admin.deleteTopics({ topics: [topic] });
    return rate;
  } finally {
    await admin.close();
  }
}

async function produce(
  options: ResolvedKafkaOptions,
  topic: string,
  load: Required<Pick<ClientLoad, "messages" | "valueBytes" | "messagesPerSend">>,
): Promise<void> {
  const producer = new Producer({
    ...clientSettings(options, REQUEST_MS),
    idempotent: true,
    partitioner: compatibilityPartitioner,
  });
  const value = Buffer.alloc(load.valueBytes, "x");
  for (let sent = 0; sent < load.messages;) {
    const count = Math.min(load.messagesPerSend, load.messages - sent);
    const batch = Array.from({ length: count }, (_, at) => ({
      topic,
      key: Buffer.from(String(sent + at)),
      value,
    }));
    await producer.send({ messages: batch });
    sent += count;
  }
  await producer.close();
}

async function consume(options: ResolvedKafkaOptions, topic: string, messages: number): Promise<void> {
  const consumer = new Consumer({
    ...clientSettings(options, REQUEST_MS),
    ...PATIENT,
    groupId: topic,
    highWaterMark: READ_AHEAD,
  });
  const stream = await consumer.consume({
    topics: [topic],
    mode: "earliest",
    autocommit: false,
    maxWaitTime: 100,
  });
  const all = Promise.withResolvers<void>();
  let read = 0;
  stream.on("data", () => {
    if (++read === messages) all.resolve();
  });
  stream.on("error", all.reject);
  await all.promise;
  await consumer.close(true);
}
