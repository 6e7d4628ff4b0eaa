/** What the client alone can do here: the baseline that everything over RabbitMQ is compared with. */
import { randomUUID } from "node:crypto";
import { connect } from "amqplib";
import type { ChannelModel, SocketOptions } from "amqplib";
import { rateOf } from "../broker/client-rate.ts";
import type { ClientRate } from "../broker/client-rate.ts";
import { resolveAddress } from "./address.ts";
import type { RabbitmqOptions } from "./options.ts";

export interface RabbitmqClientLoad extends Pick<RabbitmqOptions, "url" | "tls"> {
  /** How many messages are written and read. */
  readonly messages: number;
  /** Of each message's content. @default 200 */
  readonly valueBytes?: number;
  /** Written before their confirmations are waited for. @default 500 */
  readonly messagesPerSend?: number;
}

/** Most messages that are delivered and not acknowledged. */
const PREFETCH = 500;

/**
 * Messages per second of a bare publisher with confirmations into a durable quorum queue, and of a bare consumer behind it that acknowledges
 * each: nothing of ours is between them and the broker.
 * @throws FLOW_BAD_OPTION (invalid), and the client's errors
 */
export async function measureRabbitmqClient(load: RabbitmqClientLoad): Promise<ClientRate> {
  const { messages, valueBytes = 200, messagesPerSend = 500, url, tls } = load;
  const address = resolveAddress(url, tls);
  // The types of the client are narrower than those of Node about what is undefined.
  const socket = { ...address.tls, noDelay: true } as SocketOptions;
  const connection = await connect(address.connect, socket);
  const queue = `sluice-rate-${randomUUID()}`;
  try {
    const setUp = await connection.createChannel();
    await setUp.assertQueue(queue, { durable: true, arguments: { "x-queue-type": "quorum" } });
    const rate = await rateOf(messages, {
      produce: () => produce(connection, queue, { messages, valueBytes, messagesPerSend }),
      consume: () => consume(connection, queue, messages),
    });
    await setUp.deleteQueue(queue);
    return rate;
  } finally {
    await connection.close();
  }
}

async function produce(
  connection: ChannelModel,
  queue: string,
  load: Required<Pick<RabbitmqClientLoad, "messages" | "valueBytes" | "messagesPerSend">>,
): Promise<void> {
  const channel = await connection.createConfirmChannel();
  const content = Buffer.alloc(load.valueBytes, "x");
  for (let sent = 0; sent < load.messages;) {
    const count = Math.min(load.messagesPerSend, load.messages - sent);
    for (let at = 0; at < count; at++) channel.sendToQueue(queue, content, { persistent: true });
    await channel.waitForConfirms();
    sent += count;
  }
  await channel.close();
}

async function consume(connection: ChannelModel, queue: string, messages: number): Promise<void> {
  const channel = await connection.createChannel();
  await channel.prefetch(PREFETCH);
  const all = Promise.withResolvers<void>();
  let read = 0;
  await channel.consume(queue, (message) => {
    if (message === null) return all.reject(new Error(`queue ${queue} was deleted`));
    channel.ack(message);
    if (++read === messages) all.resolve();
  });
  await all.promise;
  await channel.close();
}
