import type { Limits } from "../../core/decision.ts";
import type { MemoryDatabase } from "../../stores/memory/memory-database.ts";
import type { CommitLog } from "./commit-log.ts";
import type { FinishedRun } from "./finished-run.ts";
import { replayHistory } from "./replay-history.ts";
import type { Report } from "./violation.ts";

/** I1: what is stored of a run is what was committed, and its history explains it. */
export function checkHistory(
  { run, entries, flow }: FinishedRun,
  { log, limits, report }: { readonly log: CommitLog; readonly limits: Limits; readonly report: Report },
): void {
  const committed = log.runs.get(run.runId)?.entries ?? [];
  if (JSON.stringify(committed) !== JSON.stringify(entries))
    report("I1", `the stored history of run ${run.runId} is not what was committed`);
  const fault = replayHistory(run, entries, flow, limits);
  if (fault !== null) report("I1", `run ${run.runId} of ${run.flow}: ${fault}`);
}

/** I3: every input that parked a run, or queued behind it, is kept as a dead letter of that version. */
export function checkDeadLetters(
  { run, entries }: FinishedRun,
  database: MemoryDatabase,
  report: Report,
): void {
  for (const { version, kind } of entries) {
    const isKept = database.deadLetters.has(`${run.runId}:${version}`);
    const isDue = kind === "parked" || kind === "queued";
    if (isKept !== isDue)
      report(
        "I3",
        `run ${run.runId} has ${isKept ? "a" : "no"} dead letter for version ${version} (${kind})`,
      );
  }
}

/**
 * I3: whoever is neither final nor parked waits for somebody outside. At rest nothing else is left to wait for: timers have fired,
 * attempts are over, and participants have said what they owed.
 */
export function checkWait(
  { run, entries, flow }: FinishedRun,
  {
    outside,
    limits,
    report,
  }: {
    readonly outside: ReadonlySet<string>;
    readonly limits: Limits;
    readonly report: Report;
  },
): void {
  if (run.outcome !== null || run.parked !== null) return;
  const taken = [...(flow.states.get(run.state)?.on.keys() ?? [])];
  const isHeard = taken.some((type) => outside.has(type));
  // A run whose history is full takes nothing from outside any more, a late answer included; its callers are told so.
  if (isHeard || entries.length >= limits.entriesMax) return;
  const pending = run.commands.map(({ id, phase }) => `${id} ${phase}`).join(", ") || "no command";
  report(
    "I3",
    `run ${run.runId} stays in state ${run.state} for ever: ${pending} pending, and nobody outside can move it`,
  );
}
