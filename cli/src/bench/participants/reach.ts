/** Where the participants of another process are reached, and the names that topics and queues have for one measurement alone. */
import type { Transport } from "@sluice/engine";
import { httpTransport } from "@sluice/engine/http";
import { kafkaTransports } from "@sluice/engine/kafka";
import { rabbitmqTransport } from "@sluice/engine/rabbitmq";
import type { ProcessLog } from "@sluice/host/log";
import type { BenchFlow } from "../flow/bench-flow.ts";
import { channelsOf } from "./channels.ts";
import type { RemoteKind } from "./participant-kind.ts";

export interface Reach {
  readonly kind: RemoteKind;
  /** Of the participants themselves, or of the broker between. */
  readonly address: string;
  /** Begins the name of each topic, group and queue. */
  readonly name: string;
}

/** The engine's way to them, all options as they ship. */
export function remoteTransports(
  flow: BenchFlow,
  { kind, address, name }: Reach,
  log: ProcessLog,
): readonly Transport[] {
  const channels = Object.keys(channelsOf(flow));
  switch (kind) {
    case "http":
      return channels.map((channel) => httpTransport({ channel, url: `${address}/${channel}` }));
    case "kafka":
      return kafkaTransports({
        brokers: [address],
        channels: Object.fromEntries(channels.map((channel) => [channel, commandsTopicOf(name, channel)])),
        eventsTopic: eventsTopicOf(name),
        groupId: `${name}.engine`,
        log,
      });
    case "rabbitmq":
      return channels.map((channel) =>
        rabbitmqTransport({ channel, url: address, service: serviceOf(name, channel), log }),
      );
  }
}

export function commandsTopicOf(name: string, channel: string): string {
  return `${name}.${channel}.commands`;
}

export function eventsTopicOf(name: string): string {
  return `${name}.events`;
}

export function serviceOf(name: string, channel: string): string {
  return `${name}.${channel}`;
}
