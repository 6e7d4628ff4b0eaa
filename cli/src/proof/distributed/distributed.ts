/** The acts "distributed-…": a storm over engines and participants in processes of their own, around a real broker. */
import type { Act } from "../act.ts";
import { playStorms } from "../storm/play-storms.ts";
import type { BrokerKind } from "./broker-address.ts";
import { openBrokerWorld } from "./broker-world.ts";
import { BROKER_FAULT_KINDS } from "./faults/kinds.ts";
import { orSkipped } from "./or-skipped.ts";

const TITLES = { kafka: "Kafka", rabbitmq: "RabbitMQ" } as const;

export function distributed(kind: BrokerKind): Act {
  const name = `distributed-${kind}`;
  return {
    name,
    summary: `random flows over ${TITLES[kind]}, while engines, participants, Postgres and the broker die, freeze and lose each other`,
    weight: 5,
    kinds: BROKER_FAULT_KINDS.map((fault) => fault.name),
    play: (stage) =>
      orSkipped(name, stage, () =>
        playStorms(stage, {
          name,
          kinds: BROKER_FAULT_KINDS,
          open: (options) => openBrokerWorld({ ...options, kind, outageMs: stage.outageMs, isUnruly: true }),
          replay: ` --outage-seconds ${stage.outageMs / 1_000}`,
        }),
      ),
  };
}
