import { bothKilled, connectionsTerminated, diskFull, postgresKilled } from "./database-faults.ts";
import {
  engineFrozen,
  engineKilled,
  engineRestarted,
  frozenInTransaction,
  heartbeatHeld,
} from "./engine-faults.ts";
import type { FaultKind } from "./fault.ts";
import { participantsKilled } from "./participant-faults.ts";

/** Every way in which a storm strikes. */
export const FAULT_KINDS: readonly FaultKind[] = [
  engineKilled,
  engineFrozen,
  frozenInTransaction,
  heartbeatHeld,
  engineRestarted,
  postgresKilled,
  bothKilled,
  connectionsTerminated,
  diskFull,
  participantsKilled,
];
