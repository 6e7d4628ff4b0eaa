/**
 * The way from engines to participants in processes of their own.
 *
 * | over | commands of `remote` | and replies |
 * | --- | --- | --- |
 * | Kafka | topic `proof.remote` | topic `proof.events`, for all participants |
 * | RabbitMQ | queue `proof.remote.commands` | queues `proof.remote.events.0` and so on |
 */
import type { LogPort, Transport } from "@sluice/engine";
import { kafkaCommands, kafkaTransports } from "@sluice/engine/kafka";
import type { CommandSource } from "@sluice/engine/participant";
import { rabbitmqCommands, rabbitmqTransport } from "@sluice/engine/rabbitmq";
import type { ServerName } from "@sluice/host/stack";
import { REMOTE_CHANNELS } from "../storm/storm-app.ts";

export type BrokerKind = Extract<ServerName, "kafka" | "rabbitmq">;

/** Where a broker is, for one of its clients. */
export type BrokerAddress =
  | { readonly kind: "kafka"; readonly brokers: readonly string[] }
  | { readonly kind: "rabbitmq"; readonly url: string };

/** As many engines, and as many processes of a participant, have something to do. */
const PARTITIONS = 4;
const EVENTS_TOPIC = "proof.events";
const ENGINES_GROUP = "proof-engines";

function nameOf(channel: string): string {
  return `proof.${channel}`;
}

/** The engine's side. */
export function brokerTransports(broker: BrokerAddress, log: LogPort): readonly Transport[] {
  switch (broker.kind) {
    case "kafka":
      return kafkaTransports({
        brokers: broker.brokers,
        channels: Object.fromEntries(REMOTE_CHANNELS.map((channel) => [channel, nameOf(channel)])),
        eventsTopic: EVENTS_TOPIC,
        groupId: ENGINES_GROUP,
        partitions: PARTITIONS,
        log,
      });
    case "rabbitmq":
      return REMOTE_CHANNELS.map((channel) =>
        rabbitmqTransport({ channel, url: broker.url, service: nameOf(channel), log }),
      );
  }
}

/** A participant's side: the commands of its channel. */
export function brokerCommands(broker: BrokerAddress, channel: string, log?: LogPort): CommandSource {
  const logged = log === undefined ? {} : { log };
  switch (broker.kind) {
    case "kafka":
      return kafkaCommands({
        brokers: broker.brokers,
        commandsTopic: nameOf(channel),
        groupId: nameOf(channel),
        eventsTopic: EVENTS_TOPIC,
        partitions: PARTITIONS,
        ...logged,
      });
    case "rabbitmq":
      return rabbitmqCommands({ url: broker.url, service: nameOf(channel), ...logged });
  }
}

/**
 * Groups that somebody can join for a moment, each as a source of what it reads: those of the participants, and of Kafka that of the engines,
 * which read replies as if they were commands. An event queue of RabbitMQ has one reader, and changes it only when that one is cut off.
 */
export function groupsOf(broker: BrokerAddress): readonly CommandSource[] {
  const participants = REMOTE_CHANNELS.map((channel) => brokerCommands(broker, channel));
  if (broker.kind === "rabbitmq") return participants;
  const engines = kafkaCommands({
    brokers: broker.brokers,
    commandsTopic: EVENTS_TOPIC,
    groupId: ENGINES_GROUP,
    eventsTopic: EVENTS_TOPIC,
    partitions: PARTITIONS,
  });
  return [engines, ...participants];
}
