import type { Limits } from "../../core/decision.ts";
import { COMPENSATING } from "../../core/flow.ts";
import type { DeadLetterRow } from "../../core/ports.ts";
import type { CommitLog } from "./commit-log.ts";
import type { FinishedRun, FinishedRuns } from "./finished-run.ts";
import type { Report } from "./violation.ts";

/** I1: what is stored of a run is what was committed. */
export function checkCommitted({ run, entries }: FinishedRun, log: CommitLog, report: Report): void {
  const committed = log.runs.get(run.runId)?.entries ?? [];
  if (JSON.stringify(committed) !== JSON.stringify(entries))
    report("I1", `the stored history of run ${run.runId} is not what was committed`);
}

/** I1: the history of a run explains it. */
export function checkHistory({ run, replay }: FinishedRun, report: Report): void {
  if (replay.fault !== null) report("I1", `run ${run.runId} of ${run.flow}: ${replay.fault}`);
}

/** I3: the dead letters of a run are those that its history leaves: what parked it, what waits behind, and nothing taken in again. */
export function checkDeadLetters({
  runs,
  letters,
  report,
}: {
  readonly runs: FinishedRuns;
  /** All that are stored. */
  readonly letters: readonly DeadLetterRow[];
  readonly report: Report;
}): void {
  const stored = Map.groupBy(letters, ({ runId }) => runId);
  for (const { run, replay } of runs.values()) {
    const found = (stored.get(run.runId) ?? []).sort((a, b) => a.version - b.version).map(nameOf);
    const due = replay.letters.map(nameOf);
    if (found.join() !== due.join())
      report(
        "I3",
        `run ${run.runId} has the dead letters ${found.join() || "none"}, and its history leaves ${due.join() || "none"}`,
      );
    if (run.outcome !== null && due.length > 0)
      report("I3", `run ${run.runId} has ended (${run.outcome}) and left dead letters: ${due.join()}`);
  }
}

function nameOf({
  version,
  reason,
  input,
}: {
  version: number;
  reason: string | null;
  input: { kind: string };
}): string {
  return `${version} (${input.kind}, ${reason ?? "queued"})`;
}

/**
 * I3: whoever is neither final nor parked waits for somebody outside, or for a run it has started. At rest nothing else is left to wait
 * for: timers have fired, attempts are over, and participants have said what they owed.
 */
export function checkWait(
  { run, entries, flow }: FinishedRun,
  {
    living,
    outside,
    limits,
    report,
  }: {
    /** Commands whose child run has not ended. */
    readonly living: ReadonlySet<string>;
    readonly outside: ReadonlySet<string>;
    readonly limits: Limits;
    readonly report: Report;
  },
): void {
  if (run.outcome !== null || run.parked !== null) return;
  const taken = run.state === COMPENSATING ? [] : [...(flow.states.get(run.state)?.on.keys() ?? [])];
  const isHeard = taken.some((type) => outside.has(type));
  const hasChild = run.commands.some(({ id }) => living.has(id));
  // A run whose history is full takes nothing from outside any more, a late answer included; its callers are told so.
  const isFull = entries.length >= limits.entriesMax;
  // What an operator has skipped in this state a rule of the flow may wait for all the same, which only he could know.
  const isSkipped = entries.some(({ kind, atMs }) => kind === "skipped" && atMs >= run.enteredAtMs);
  if (isHeard || hasChild || isFull || isSkipped) return;
  const pending = run.commands.map(({ id, phase }) => `${id} ${phase}`).join(", ") || "no command";
  report(
    "I3",
    `run ${run.runId} stays in state ${run.state} for ever: ${pending} pending, and nobody outside can move it`,
  );
}
