import type { CompiledFlow } from "../../core/compile-flow.ts";
import type { Limits } from "../../core/decision.ts";
import { engineError } from "../../core/errors.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { DeadLetterRow } from "../../core/ports.ts";
import type { Run } from "../../core/run.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import { fromStoredRun, historyOf } from "../../stores/memory/stored-run.ts";
import type { CommitLog } from "./commit-log.ts";
import { replayHistory } from "./replay-history.ts";
import type { Replay } from "./replay-history.ts";

/** A run with all that is stored of it, when the world has come to rest. */
export interface FinishedRun {
  readonly run: Run;
  readonly entries: readonly HistoryEntry[];
  /** The version that the run is pinned to. */
  readonly flow: CompiledFlow;
  readonly replay: Replay;
}

export type FinishedRuns = ReadonlyMap<string, FinishedRun>;

export function readRuns(
  database: MemoryDatabase,
  log: CommitLog,
  flows: readonly CompiledFlow[],
  limits: Limits,
): FinishedRuns {
  const runs = new Map<string, FinishedRun>();
  for (const [runId, stored] of database.runs) {
    const run = fromStoredRun(stored);
    const letters = log.runs.get(runId)?.letters ?? new Map<number, DeadLetterRow>();
    runs.set(runId, finishRun({ run, entries: historyOf(database, runId), letters }, flows, limits));
  }
  return runs;
}

/** What is stored of a run, and every dead letter it ever had, by version. */
export interface StoredHistory extends Pick<FinishedRun, "run" | "entries"> {
  readonly letters: ReadonlyMap<number, DeadLetterRow>;
}

export function finishRun(
  stored: StoredHistory,
  flows: readonly CompiledFlow[],
  limits: Limits,
): FinishedRun {
  const { run, entries } = stored;
  const versions = flows.filter(({ name }) => name === run.flow);
  const flow = versions.find(({ version }) => version === run.flowVersion);
  if (flow === undefined)
    throw engineError(
      "FLOW_VERSION_MISSING",
      `run ${run.runId} is of ${run.flow} version ${run.flowVersion}`,
    );
  return { run, entries, flow, replay: replayHistory({ ...stored, versions }, limits) };
}
