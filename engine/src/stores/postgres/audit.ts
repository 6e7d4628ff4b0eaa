/**
 * The audit over stored rows, in pages, so that memory stays flat. Each page is a transaction of its own with one snapshot: what belongs
 * to one run is judged as of one moment, and no snapshot lives long enough to keep vacuum from the hot rows of running batches.
 */
import { FINDINGS_MAX } from "../../core/audit.ts";
import type { AuditFinding, AuditReport, AuditScope } from "../../core/ports.ts";
import { auditActions } from "./audit-actions.ts";
import { auditMissingVersions, loadAuditFlows } from "./audit-flow-versions.ts";
import { auditLanes } from "./audit-lanes.ts";
import { auditOrphanPage } from "./audit-orphan-page.ts";
import type { BirthKey } from "./audit-orphan-page.ts";
import { auditRunPage } from "./audit-run-page.ts";
import { auditTimerPage } from "./audit-timer-page.ts";
import type { TimerKey } from "./audit-timer-page.ts";
import type { PostgresSession } from "./session.ts";

export async function audit(session: PostgresSession, scope: AuditScope): Promise<AuditReport> {
  const flows = await loadAuditFlows(session, scope);
  const findings: AuditFinding[] = [...flows.findings];
  let runs = 0;
  let entries = 0;
  /** Reads page after page, each from where the one before it ended. */
  const walk = async <Key>(read: (after: Key | null) => Promise<AuditPage<Key>>): Promise<void> => {
    for (let after: Key | null = null; findings.length < FINDINGS_MAX;) {
      const page = await inSnapshot(session, () => read(after));
      findings.push(...page.findings);
      if (page.last === null) return;
      after = page.last;
    }
  };
  await walk(async (after: string | null) => {
    const page = await auditRunPage(session, after, { ...scope, flows });
    runs += page.runs;
    entries += page.entries;
    return page;
  });
  await walk((after: BirthKey | null) => auditOrphanPage(session, "history", after));
  if (scope.quiet) await walk((after: BirthKey | null) => auditOrphanPage(session, "run_search", after));
  await walk((after: TimerKey | null) => auditTimerPage(session, after));
  await walk(async () => ({ findings: await auditLanes(session, scope.quiet), last: null }));
  await walk(async () => ({ findings: await auditActions(session), last: null }));
  findings.push(...(await auditMissingVersions(session, flows)));
  return { runs, entries, findings: findings.slice(0, FINDINGS_MAX) };
}

interface AuditPage<Key> {
  readonly findings: readonly AuditFinding[];
  /** Where the next page begins; null when there is none. */
  readonly last: Key | null;
}

/** After a failure the session is thrown away, so nothing has to be rolled back here. */
async function inSnapshot<T>(session: PostgresSession, work: () => Promise<T>): Promise<T> {
  await session.run(session.sql.unsafe("begin isolation level repeatable read, read only"));
  const answer = await work();
  await session.run(session.sql.unsafe("commit"));
  return answer;
}
