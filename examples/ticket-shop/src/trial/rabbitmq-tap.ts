/**
 * A tap on RabbitMQ: a proxy that all processes of the shop go over, and that notes each message they publish with the queue that it goes to.
 * A queue forgets what was taken from it, so nothing of it can be read afterwards.
 */
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { BROKER_HEADERS } from "@sluice/contracts/broker-message";
import type { ShopBroker } from "../broker.ts";
import { PublishedReader } from "./amqp-frames.ts";
import type { Published } from "./amqp-frames.ts";
import type { TappedRecord } from "./evidence.ts";

export interface BrokerTap {
  /** Where the processes find the broker. */
  readonly broker: ShopBroker;
  /** What has gone into queues so far, in its order. */
  readonly published: readonly TappedRecord[];
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
/** `shop.tickets.commands`, `shop.tickets.events.3`. Others, such as dead letters, are no part of a run. */
const QUEUE = /^(?<topic>.+\.(?:commands|events))(?:\.(?<number>\d+))?$/;

/** Kafka needs none: its topics are read in the end. @throws when the port cannot be opened */
export async function openTap(broker: ShopBroker): Promise<BrokerTap> {
  return broker.kind === "rabbitmq"
    ? openRabbitmqTap(broker.url)
    : { broker, published: [], close: () => Promise.resolve() };
}

async function openRabbitmqTap(brokerUrl: string): Promise<BrokerTap> {
  const records: TappedRecord[] = [];
  const sockets = new Set<Socket>();
  const broker = new URL(brokerUrl);
  const server = createServer((near) => {
    const far = createConnection({ host: broker.hostname, port: Number(broker.port) });
    const reader = new PublishedReader();
    near.on("data", (chunk: Buffer) => {
      for (const message of reader.read(chunk)) records.push(...toRecords(message, records.length));
    });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      // An error is followed by the close, which ends the other side too.
      socket.on("error", () => {});
      socket.once("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, HOST);
  await once(server, "listening");
  const url = new URL(brokerUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    broker: { kind: "rabbitmq", url: url.href },
    published: records,
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** As in Kafka, queues beside each other are partitions of one thing. */
function toRecords({ queue, headers }: Published, nth: number): readonly TappedRecord[] {
  const { topic, number = "0" } = QUEUE.exec(queue)?.groups ?? {};
  const runId = headers[BROKER_HEADERS.runId];
  if (topic === undefined || runId === undefined) return [];
  const commandId = headers[BROKER_HEADERS.commandId] ?? null;
  const isReply = topic.endsWith(".events");
  return [{ topic, partition: Number(number), offset: String(nth), runId, commandId, isReply }];
}
