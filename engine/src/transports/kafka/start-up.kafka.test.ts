import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { testKafka, whyMissing } from "@sluice/host/stack-testing";
import { openPlace } from "./fixtures/place.ts";
import { kafkaCommands } from "./kafka-commands.ts";
import { kafkaTransport } from "./kafka-transport.ts";

const NOBODY = async () => ({ outcome: "taken" }) as const;

/** A port that nobody listens on any more. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function placeOf(t: TestContext) {
  const place = await openPlace(t, (await testKafka(t)).address);
  return { channel: "mail", commandsTopic: place.commandsTopic, ...place.engine };
}

async function refuses(start: Promise<void> | undefined, code: string, message: RegExp): Promise<void> {
  await assert.rejects(Promise.resolve(start), (error) => {
    assert.ok(hasCode(error, code), String(error));
    assert.match(String(error), message);
    return true;
  });
}

describe("A start over Kafka", { skip: await whyMissing("kafka") }, () => {
  it("makes the topics that are missing, so that a message gets through", async (t) => {
    const place = await placeOf(t);
    const id = randomUUID().slice(0, 8);
    const topics = {
      commandsTopic: `new-${id}`,
      eventsTopic: `new-events-${id}`,
      deadLettersTopic: `new-dead-${id}`,
    };
    const transport = kafkaTransport({ ...place, ...topics, partitions: 3, replicationFactor: 1 });
    await transport.start?.(NOBODY);
    assert.equal(transport.health?.(), true);
    await transport.stop?.();
    const source = kafkaCommands({
      ...place,
      ...topics,
      groupId: `service-${id}`,
      topics: "check",
      partitions: 3,
    });
    await source.start(async () => ({ type: "none" }));
    await source.stop();
  });

  it("ends with what to do when no broker answers", async (t) => {
    const broker = `127.0.0.1:${await freePort()}`;
    const place = await placeOf(t);
    const transport = kafkaTransport({ ...place, brokers: [broker] });
    await refuses(
      transport.start?.(NOBODY),
      "FLOW_BROKER_UNAVAILABLE",
      new RegExp(`Kafka at ${broker} .*ECONNREFUSED.*options brokers`),
    );
    await transport.stop?.();
  });

  it("ends with what to do when a topic is missing and is not to be made", async (t) => {
    const place = await placeOf(t);
    const commandsTopic = `missing-${randomUUID()}`;
    const source = kafkaCommands({ ...place, commandsTopic, topics: "check" });
    await refuses(
      source.start(async () => ({ type: "none" })),
      "FLOW_BROKER_MISMATCH",
      new RegExp(`has no topic ${commandsTopic}, expected one of 2 partitions; make it, or set topics`),
    );
  });

  it("ends with both numbers when a topic has too few partitions, or too few copies", async (t) => {
    const place = await placeOf(t);
    await refuses(
      kafkaTransport({ ...place, partitions: 5 }).start?.(NOBODY),
      "FLOW_BROKER_MISMATCH",
      /has 2 partitions, expected at least 5 \(partitions\)/,
    );
    await refuses(
      kafkaTransport({ ...place, replicationFactor: 2 }).start?.(NOBODY),
      "FLOW_BROKER_MISMATCH",
      /has 1 copies, expected at least 2 \(replicationFactor\)/,
    );
  });

  it("ends with the broker's reason when a topic cannot be made as wished", async (t) => {
    const place = await placeOf(t);
    const commandsTopic = `copied-${randomUUID()}`;
    await refuses(
      kafkaTransport({ ...place, commandsTopic, replicationFactor: 3 }).start?.(NOBODY),
      "FLOW_BROKER_MISMATCH",
      /replicationFactor 3: INVALID_REPLICATION_FACTOR/,
    );
  });

  it("ends with both limits when a topic takes only smaller messages than we may send", async (t) => {
    const place = await placeOf(t);
    await refuses(
      kafkaTransport({ ...place, messageBytesMax: 20_000_000 }).start?.(NOBODY),
      "FLOW_BROKER_MISMATCH",
      /takes messages of 1048588 bytes \(max\.message\.bytes\), expected at least 20000000 \(messageBytesMax\)/,
    );
  });

  it("ends in time, and without a secret, when the broker wants no credentials and gets some", async (t) => {
    const place = await placeOf(t);
    const sasl = { mechanism: "PLAIN", username: "orders", password: "hunter2-hunter2" } as const;
    const beganMs = performance.now();
    await assert.rejects(Promise.resolve(kafkaTransport({ ...place, sasl }).start?.(NOBODY)), (error) => {
      assert.ok(error instanceof Error && !`${error.stack} ${JSON.stringify(error)}`.includes("hunter2"));
      return (error as Error & { code: string }).code.startsWith("FLOW_BROKER_");
    });
    assert.ok(performance.now() - beganMs < 15_000);
  });
});
