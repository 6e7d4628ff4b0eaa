import type { Act } from "./act.ts";
import type { BrokerKind } from "./distributed/broker-address.ts";
import { distributed } from "./distributed/distributed.ts";
import { rollingRestart } from "./distributed/rolling-restart.ts";
import { connectionLoss } from "./points/connection-loss.ts";
import { crashPoints } from "./points/crash-points.ts";
import { previousSchema } from "./previous-schema/previous-schema.ts";
import { storm } from "./storm/storm.ts";

/** The acts that need nothing but this repository, in the order in which they are played: what does not need its time leaves it to the next. */
export const ACTS: readonly Act[] = [previousSchema, crashPoints, connectionLoss, storm];

export const BROKERS: readonly BrokerKind[] = ["kafka", "rabbitmq"];

/** Acts around a broker, which are played when they are named: `distributed-kafka` and so on. */
export const BROKER_ACTS: readonly Act[] = [distributed, rollingRestart].flatMap((over) => BROKERS.map(over));
