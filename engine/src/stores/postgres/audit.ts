/**
 * The audit over stored rows, in pages, so that memory stays flat. Each page is a transaction of its own with one snapshot: what belongs
 * to one run is judged as of one moment, and no snapshot lives long enough to keep vacuum from the hot rows of running batches.
 */
import { FINDINGS_MAX } from "../../core/audit.ts";
import type { AuditFinding, AuditReport } from "../../core/ports.ts";
import { auditLanes } from "./audit-lanes.ts";
import { auditRunPage } from "./audit-run-page.ts";
import { auditTimerPage } from "./audit-timer-page.ts";
import type { TimerKey } from "./audit-timer-page.ts";
import type { PostgresSession } from "./session.ts";

export async function audit(session: PostgresSession, { quiet }: { quiet: boolean }): Promise<AuditReport> {
  const findings: AuditFinding[] = [];
  const isFull = (): boolean => findings.length >= FINDINGS_MAX;
  let runs = 0;
  let entries = 0;
  for (let after: string | null = null; ;) {
    const page = await inSnapshot(session, () => auditRunPage(session, after, quiet));
    runs += page.runs;
    entries += page.entries;
    findings.push(...page.findings);
    after = page.lastRunId;
    if (after === null || isFull()) break;
  }
  for (let after: TimerKey | null = null; !isFull();) {
    const page = await inSnapshot(session, () => auditTimerPage(session, after));
    findings.push(...page.findings);
    after = page.last;
    if (after === null) break;
  }
  if (!isFull()) findings.push(...(await inSnapshot(session, () => auditLanes(session, quiet))));
  return { runs, entries, findings: findings.slice(0, FINDINGS_MAX) };
}

/** After a failure the session is thrown away, so nothing has to be rolled back here. */
async function inSnapshot<T>(session: PostgresSession, work: () => Promise<T>): Promise<T> {
  await session.run(session.sql.unsafe("begin isolation level repeatable read, read only"));
  const answer = await work();
  await session.run(session.sql.unsafe("commit"));
  return answer;
}
