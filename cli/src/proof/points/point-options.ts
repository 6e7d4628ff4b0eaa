import type { EngineOptions } from "@sluice/engine";

/**
 * One lane and one writer, so that the n-th message is the same one in each trial, and a short lease, so that nobody waits long for the
 * lane of a process that was killed.
 */
export const POINT_OPTIONS = {
  lanes: 1,
  writers: 1,
  leaseMs: 400,
  projectionMs: 20,
} as const satisfies EngineOptions;
