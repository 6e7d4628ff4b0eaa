import {
  auditCounts,
  auditLane,
  auditName,
  auditOrphan,
  auditProjected,
  auditTimerRow,
  countRows,
  isTimerOf,
} from "../../core/audit.ts";
import { readAuditFlows } from "../../core/audit-flows.ts";
import type { AuditFlows } from "../../core/audit-flows.ts";
import { RunAudit } from "../../core/audit-run.ts";
import type { AuditFinding, AuditReport, AuditScope } from "../../core/ports.ts";
import { listFlowVersions } from "./deployment.ts";
import { listLanes } from "./heartbeat.ts";
import { storedDeadLetters } from "./list-dead-letters.ts";
import { getRuns } from "./load-runs.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { countStates } from "./project.ts";
import { storedInbox } from "./queues.ts";
import { fromStoredRun, historyOf } from "./stored-run.ts";

export function audit(database: MemoryDatabase, scope: AuditScope): AuditReport {
  const { quiet, compileSchema } = scope;
  const definitions = listFlowVersions(database).map(({ definition, ...row }) => ({
    ...row,
    text: JSON.stringify(definition),
  }));
  const flows = readAuditFlows(definitions, compileSchema);
  const findings = [
    ...flows.findings,
    ...auditRuns(database, flows, scope),
    ...flows.missing(definitions),
    ...auditLanes(database, quiet),
    ...(quiet ? auditCounts(countRows(database.projection.values()), countStates(database)) : []),
  ];
  let entries = 0;
  for (const stored of database.history.values()) entries += stored.length;
  return { runs: database.runs.size, entries, findings };
}

function* auditRuns(
  database: MemoryDatabase,
  flows: AuditFlows,
  { quiet, nameId }: AuditScope,
): Generator<AuditFinding> {
  const timers = Map.groupBy(database.timers.values(), ({ runId }) => runId);
  const deadLetters = Map.groupBy(storedDeadLetters(database), ({ runId }) => runId);
  const attempts = new Set(
    [...database.outbox.values()].flat().map(({ commandId, attempt }) => `${commandId}#${attempt}`),
  );
  for (const [runId, stored] of database.runs) {
    const run = fromStoredRun(stored);
    const rows = timers.get(runId) ?? [];
    flows.note(run);
    const runAudit = new RunAudit(run, flows.versionsOf(run.flow));
    for (const entry of historyOf(database, runId)) runAudit.addEntry(entry);
    yield* runAudit.finish({
      deadLetters: deadLetters.get(runId) ?? [],
      isTimerStored: (timer) => rows.some((row) => isTimerOf(row, timer)),
      isInOutbox: (commandId, attempt) => attempts.has(`${commandId}#${attempt}`),
      child: (childId) => getRuns(database, [childId])[0] ?? null,
      isInInbox: (inboxId) => database.inbox.has(inboxId),
    });
    yield* found(auditName(run, nameId));
    yield* found(auditProjected(run, database.projection.get(runId) ?? null, quiet));
  }
  for (const row of database.timers.values()) {
    const stored = database.runs.get(row.runId);
    yield* found(auditTimerRow(row, stored === undefined ? null : fromStoredRun(stored)));
  }
  const isOrphan = (runId: string): boolean => !database.runs.has(runId);
  for (const runId of [...database.history.keys()].filter(isOrphan)) yield auditOrphan(runId, "history");
  for (const runId of [...deadLetters.keys()].filter(isOrphan)) yield auditOrphan(runId, "a dead letter");
}

function found(finding: AuditFinding | null): AuditFinding[] {
  return finding === null ? [] : [finding];
}

function* auditLanes(database: MemoryDatabase, quiet: boolean): Generator<AuditFinding> {
  const inbox = Map.groupBy(storedInbox(database), ({ lane }) => lane);
  for (const lane of listLanes(database)) {
    const outbox = database.outbox.get(lane.laneId) ?? [];
    const queues = {
      inbox: inbox.get(lane.laneId)?.length ?? 0,
      unpublished: outbox.length,
      newestPosition: outbox.at(-1)?.position ?? null,
    };
    yield* auditLane(lane, queues, quiet);
  }
}
