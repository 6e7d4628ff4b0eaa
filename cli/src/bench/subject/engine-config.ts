/** What the engine's process is told. */
import type { PostgresTarget } from "@sluice/host/postgres";
import type { BenchFlow } from "../flow/bench-flow.ts";
import type { ParticipantKind } from "../participants/participant-kind.ts";

/** How runs are started: by calls within the engine's process, or over its HTTP API from another one. */
export const DOORS = ["library", "http"] as const;
export type Door = (typeof DOORS)[number];

export interface EngineConfig {
  readonly target: PostgresTarget;
  readonly flow: BenchFlow;
  readonly participants: ParticipantKind;
  /** Where the participants behind HTTP listen. */
  readonly participantsUrl: string | null;
  readonly door: Door;
  /** How many runs will be under way: limits that are lower are raised, so that nobody is refused. */
  readonly inFlight: number;
}
