import type { AuditFinding } from "../../core/ports.ts";
import { actionColumns, actionFault } from "./actions.ts";
import type { StoredAction } from "./actions.ts";
import type { PostgresSession } from "./session.ts";

/** Actions that are held at once, with the plans of jobs. */
const ACTIONS_MAX = 200;

/** What operators asked for and nobody can read any more. */
export async function auditActions(session: PostgresSession): Promise<readonly AuditFinding[]> {
  const { sql } = session;
  const findings: AuditFinding[] = [];
  const stored = sql<StoredAction[]>`select ${actionColumns(sql)} from actions`;
  for await (const rows of session.pages(stored, ACTIONS_MAX)) {
    for (const row of rows) {
      const fault = actionFault(row);
      if (fault === null) continue;
      const message = `action ${row.actionId} (${row.kind}): ${fault}, so nobody knows what was asked for or what became of it; restore the row from a backup`;
      findings.push({ invariant: "I6", runId: null, message });
    }
  }
  return findings;
}
