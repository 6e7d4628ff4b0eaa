import type { HistoryEntry, HistoryKind } from "../../core/history.ts";
import type { Operation } from "../../core/inputs.ts";
import type { FinishedRuns } from "./finished-run.ts";
import type { OperationRecord, OperatorLedger } from "./operator-ledger.ts";
import type { Report } from "./violation.ts";

/** I6: what operators were told is so, stands in the history once, and names who asked for it and why. */
export function checkOperators(ledger: OperatorLedger, runs: FinishedRuns, report: Report): void {
  for (const record of ledger.records) checkOperation(record, runs, report);
}

const KINDS: Readonly<Record<Operation["type"], readonly HistoryKind[]>> = {
  cancel: ["canceled"],
  // Of a parked run it is the same as a redrive.
  retry: ["retried", "redriven"],
  redrive: ["redriven"],
  skip: ["skipped"],
  force: ["forced"],
  migrate: ["migrated"],
};

function checkOperation(
  { input, answers, isMaybe }: OperationRecord,
  runs: FinishedRuns,
  report: Report,
): void {
  const { runId, id, operation } = input;
  const found = runs.get(runId)?.entries.filter(({ eventId }) => eventId === id) ?? [];
  const [entry] = found;
  const name = `operation ${id} (${operation.type}) of run ${runId}`;
  if (found.length > 1) report("I6", `${name} stands ${found.length} times in its history`);
  if (entry === undefined) {
    // What waits in the inbox may meet a run to which that cannot be done any more.
    if (answers.some(({ outcome }) => outcome === "applied"))
      report("I6", `${name} was acknowledged, and there is no trace of it`);
    return;
  }
  if (answers.length === 0 && !isMaybe)
    report("I6", `${name} is in its history, and its operator was told that nothing happened`);
  if (!tells(entry, input)) report("I6", `${name} was stored as ${JSON.stringify(entry)}`);
  for (const { version } of answers)
    if (version !== null && version !== entry.version)
      report("I6", `${name} was answered with version ${version}, and stands at version ${entry.version}`);
}

function tells({ kind, by, reason, type }: HistoryEntry, input: OperationRecord["input"]): boolean {
  const { operation } = input;
  return (
    KINDS[operation.type].includes(kind) &&
    type === operation.type &&
    by === input.by &&
    (reason ?? null) === input.reason
  );
}
