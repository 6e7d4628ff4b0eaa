import { connectionsTerminated, postgresKilled } from "../../storm/faults/database-faults.ts";
import {
  engineFrozen,
  engineKilled,
  engineRestarted,
  frozenInTransaction,
  heartbeatHeld,
} from "../../storm/faults/engine-faults.ts";
import type { FaultKind } from "../../storm/faults/fault.ts";
import { participantsKilled } from "../../storm/faults/participant-faults.ts";
import type { BrokerWorld } from "../broker-world.ts";
import {
  brokerFrozen,
  brokerKilled,
  brokerUnreachable,
  messagesRepeated,
  processCutOff,
} from "./broker-faults.ts";
import { participantsFrozen, participantsRestarted, postgresFrozen } from "./frozen-faults.ts";

/** Every way in which processes around a broker go wrong. */
export const BROKER_FAULT_KINDS: readonly FaultKind<BrokerWorld>[] = [
  engineKilled,
  engineFrozen,
  frozenInTransaction,
  heartbeatHeld,
  engineRestarted,
  participantsKilled,
  participantsFrozen,
  participantsRestarted,
  brokerKilled,
  brokerFrozen,
  brokerUnreachable,
  processCutOff,
  messagesRepeated,
  postgresKilled,
  postgresFrozen,
  connectionsTerminated,
];
