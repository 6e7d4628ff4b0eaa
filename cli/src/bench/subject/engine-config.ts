/** What the engine's process is told. */
import type { PostgresTarget } from "@sluice/host/postgres";
import type { BenchFlow } from "../flow/bench-flow.ts";
import type { ParticipantKind } from "../participants/participant-kind.ts";
import type { Reach } from "../participants/reach.ts";

/** How runs are started: by calls within the engine's process, or over its HTTP API from another one. */
export const DOORS = ["library", "http"] as const;
export type Door = (typeof DOORS)[number];

export interface EngineConfig {
  readonly target: PostgresTarget;
  readonly flow: BenchFlow;
  readonly participants: ParticipantKind;
  /** Where participants of another process are reached. */
  readonly reach: Reach | null;
  readonly door: Door;
  /** How many runs will be under way: limits that are lower are raised, so that nobody is refused. `null`: all limits as they ship. */
  readonly inFlight: number | null;
  /** Where the participant of `stalledFlow` listens; absent where that flow is not served. */
  readonly stalledUrl?: string;
}
