import { COMMAND_FAILED } from "../../core/flow.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { ParkReason } from "../../core/run.ts";
import type { Coverage, CoverageKind } from "./coverage.ts";
import type { FinishedRun } from "./finished-run.ts";
import { TIMER_FAR_MS } from "./generate-flow.ts";

const PARKED: Readonly<Partial<Record<ParkReason, CoverageKind>>> = {
  "rule-failed": "rule failed, parked",
  "command-gave-up": "command gave up, parked",
  "command-refused": "command refused, parked",
};

/** Counts what has happened to the runs, by their histories. */
export function coverRuns(runs: Iterable<FinishedRun>, coverage: Coverage): void {
  for (const { run, entries } of runs) {
    if (run.outcome !== null) coverage.count("run ended");
    const parked = run.parked === null ? undefined : PARKED[run.parked];
    if (parked !== undefined) coverage.count(parked);
    entries.forEach((entry, at) => coverEntry(entry, entries[at - 1], coverage));
    const settled = new Set(entries.map(({ commandId }) => commandId));
    const issued = new Set(entries.flatMap(({ commands }) => (commands ?? []).map(({ id }) => id)));
    coverage.count("command withdrawn", issued.difference(settled).size);
  }
}

function coverEntry(entry: HistoryEntry, before: HistoryEntry | undefined, coverage: Coverage): void {
  const { kind, type = "", commandId, error } = entry;
  if (error?.code === "FLOW_HANDLER_PAUSED") coverage.count("handler paused");
  if (kind === "command-attempted") coverage.count("command tried again");
  if (kind === "polled") coverage.count("poll without news");
  if (kind === "event" && type === COMMAND_FAILED) coverage.count("command gave up, handled");
  if (kind === "event" && commandId !== undefined && type.startsWith("Ask")) coverage.count("poll answered");
  if (kind !== "timer" || type === "retry" || type === "poll") return;
  coverage.count("timer fired");
  if (type === "flow-deadline") coverage.count("flow deadline fired");
  if (before !== undefined && entry.atMs - before.atMs >= TIMER_FAR_MS)
    coverage.count("timer far away fired");
}
