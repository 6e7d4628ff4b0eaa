/** What the process of a peer is told. */
import type { PostgresTarget } from "@sluice/host/postgres";

/**
 * `transactional`: each step is one small transaction on Postgres, equal work to our transactional participants.
 * `local`: each step answers at once, as our local participants do.
 */
export const PEER_STEPS = ["transactional", "local"] as const;
export type PeerSteps = (typeof PEER_STEPS)[number];

export interface PeerConfig {
  /** A database of its own, empty. */
  readonly target: PostgresTarget;
  readonly steps: number;
  readonly kind: PeerSteps;
}

export const PEERS = ["dbos"] as const;
export type PeerName = (typeof PEERS)[number];
