/**
 * The way to participants in processes of their own.
 *
 * | over | commands of `tickets` | and replies |
 * | --- | --- | --- |
 * | Kafka | topic `shop.tickets` | topic `shop.events`, for all services |
 * | RabbitMQ | queue `shop.tickets.commands` | queues `shop.tickets.events.0` and so on |
 */
import type { LogPort, MeterPort, Transport } from "@sluice/engine";
import { kafkaCommands, kafkaTransports } from "@sluice/engine/kafka";
import type { CommandSource } from "@sluice/engine/participant";
import { rabbitmqCommands, rabbitmqTransport } from "@sluice/engine/rabbitmq";

export type ShopBroker =
  | { readonly kind: "kafka"; readonly brokers: readonly string[] }
  | { readonly kind: "rabbitmq"; readonly url: string };

/** Those that services carry out. */
const CHANNELS = ["tickets", "orders", "payments"] as const;
export type ServiceChannel = (typeof CHANNELS)[number];

interface Ports {
  readonly log: LogPort;
  readonly meter: MeterPort;
}

/** Of Kafka: as many engines, and as many processes of each service, have something to do. */
const PARTITIONS = 2;
const EVENTS_TOPIC = "shop.events";

const nameOf = (channel: ServiceChannel): string => `shop.${channel}`;

/** All topics of Kafka. */
export const SHOP_TOPICS = { commandTopics: CHANNELS.map(nameOf), eventsTopic: EVENTS_TOPIC } as const;

/** The engine's side. */
export function brokerTransports(broker: ShopBroker, { log, meter }: Ports): readonly Transport[] {
  switch (broker.kind) {
    case "kafka":
      return kafkaTransports({
        brokers: broker.brokers,
        channels: Object.fromEntries(CHANNELS.map((channel) => [channel, nameOf(channel)])),
        eventsTopic: EVENTS_TOPIC,
        groupId: "shop-engines",
        partitions: PARTITIONS,
        log,
        meter,
      });
    case "rabbitmq":
      return CHANNELS.map((channel) =>
        rabbitmqTransport({ channel, url: broker.url, service: nameOf(channel), log, meter }),
      );
  }
}

/** A service's side: the commands of its channel. */
export function brokerCommands(
  broker: ShopBroker,
  channel: ServiceChannel,
  { log, meter }: Ports,
): CommandSource {
  switch (broker.kind) {
    case "kafka":
      return kafkaCommands({
        brokers: broker.brokers,
        commandsTopic: nameOf(channel),
        groupId: nameOf(channel),
        eventsTopic: EVENTS_TOPIC,
        partitions: PARTITIONS,
        log,
        meter,
      });
    case "rabbitmq":
      return rabbitmqCommands({ url: broker.url, service: nameOf(channel), log, meter });
  }
}
