import type { Fragment } from "postgres";
import { auditOrphan } from "../../core/audit.ts";
import type { AuditedLetter } from "../../core/audit-run.ts";
import { letterShape, readText } from "../../core/audit-shape.ts";
import type { AuditFinding } from "../../core/ports.ts";
import type { PostgresSession } from "./session.ts";

/** Dead letters that are held at once, with what they carry. */
const LETTERS_MAX = 200;

interface LetterTexts extends AuditedLetter {
  readonly runId: string;
  readonly input: string;
}

/** Those of these runs, those of no run at all, and those that could not be taken in again. */
export async function auditDeadLetters(
  session: PostgresSession,
  range: Fragment,
  runIds: ReadonlySet<string>,
): Promise<{
  readonly deadLetters: ReadonlyMap<string, readonly AuditedLetter[]>;
  readonly findings: readonly AuditFinding[];
}> {
  const { sql } = session;
  const deadLetters = new Map<string, AuditedLetter[]>();
  const findings: AuditFinding[] = [];
  const stored = sql<LetterTexts[]>`
    select run_id as "runId", version, reason, input from dead_letters where true ${range} order by run_id, version`;
  for await (const rows of session.pages(stored, LETTERS_MAX)) {
    for (const { runId, version, reason, input } of rows) {
      const letters = deadLetters.get(runId);
      if (letters === undefined) deadLetters.set(runId, [{ version, reason }]);
      else letters.push({ version, reason });
      if (letters === undefined && !runIds.has(runId)) findings.push(auditOrphan(runId, "a dead letter"));
      const { fault } = readText(input, letterShape);
      if (fault !== null) findings.push(unreadableLetter(runId, version, fault));
    }
  }
  return { deadLetters, findings };
}

function unreadableLetter(runId: string, version: number, fault: string): AuditFinding {
  const message = `dead_letters: column input of version ${version} ${fault}, so it cannot be taken in again; restore it from a backup, or skip it`;
  return { invariant: "I3", runId, message };
}
