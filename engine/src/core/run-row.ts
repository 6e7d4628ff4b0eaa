import type { RunRow } from "./ports.ts";
import type { Run } from "./run.ts";

/** What the search projection keeps of a run. */
export function toRunRow(run: Run): RunRow {
  return {
    runId: run.runId,
    flow: run.flow,
    flowVersion: run.flowVersion,
    key: run.key,
    lane: run.lane,
    version: run.version,
    state: run.state,
    businessState: run.businessState,
    outcome: run.outcome,
    parked: run.parked,
    createdAtMs: run.createdAtMs,
    enteredAtMs: run.enteredAtMs,
    updatedAtMs: run.updatedAtMs,
  };
}
