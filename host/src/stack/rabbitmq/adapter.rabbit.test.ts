import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "amqplib";
import type { ConfirmChannel } from "amqplib";
import { serverContract } from "../fixtures/server-contract.ts";
import { serverLayoutOf } from "../server-layout.ts";
import { testRabbitmq, whyMissing } from "../testing.ts";
import { RABBITMQ } from "./adapter.ts";
import { greetRabbitmq } from "./greet.ts";
import { NODE_NAME } from "./settings.ts";

const QUEUE = "kept";

async function withQueue<T>(address: string, work: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
  const connection = await connect(address);
  try {
    const channel = await connection.createConfirmChannel();
    await channel.assertQueue(QUEUE, { durable: true, arguments: { "x-queue-type": "quorum" } });
    return await work(channel);
  } finally {
    await connection.close();
  }
}

const REGISTERED_MS = 30_000;

/**
 * RabbitMQ 3.10 keeps the names of quorum queues in a file that it saves some half a second after a queue was declared. A queue that is
 * killed before that is lost for good, with all that was confirmed: it stays declared, and refuses every message after a minute.
 */
async function waitUntilRegistered(directory: string): Promise<void> {
  const { home } = serverLayoutOf(RABBITMQ, directory);
  const file = join(home, "mnesia", NODE_NAME, "quorum", NODE_NAME, "names.dets");
  const startedAtMs = performance.now();
  while (!(await readFile(file, "latin1")).includes(QUEUE)) {
    assert.ok(performance.now() - startedAtMs < REGISTERED_MS, `${file} never named the queue`);
    await sleep(20);
  }
}

await serverContract("rabbitmq", {
  write: ({ address, directory }, text) =>
    withQueue(address, async (channel) => {
      await waitUntilRegistered(directory);
      channel.sendToQueue(QUEUE, Buffer.from(text), { persistent: true });
      await channel.waitForConfirms();
    }),
  // Nothing is acknowledged, so that the messages stay.
  read: ({ address }) =>
    withQueue(address, async (channel) => {
      const texts: string[] = [];
      for (;;) {
        const message = await channel.get(QUEUE);
        if (message === false) return texts;
        texts.push(message.content.toString());
      }
    }),
});

describe("the greeting of RabbitMQ", { skip: await whyMissing("rabbitmq") }, () => {
  it("tells the version to who knows the password, and nothing to who does not", async (t) => {
    const { address, port, version } = await testRabbitmq(t);
    assert.match(version, /^\d+\.\d+\.\d+/);
    const secret = new URL(address).password;
    assert.deepEqual(await greetRabbitmq({ ports: [port], secret }), { version });
    assert.equal(await greetRabbitmq({ ports: [port], secret: "guessed" }), undefined);
  });
});
