import type { Fragment } from "postgres";
import { auditOrphan } from "../../core/audit.ts";
import type { AuditedLetter } from "../../core/audit-run.ts";
import { errorShape, letterShape, readText } from "../../core/audit-shape.ts";
import { isTime } from "../../core/audit-times.ts";
import type { AuditFinding } from "../../core/ports.ts";
import type { PostgresSession } from "./session.ts";

/** Dead letters that are held at once, with what they carry. */
const LETTERS_MAX = 200;

interface LetterTexts extends AuditedLetter {
  readonly runId: string;
  readonly lane: number;
  readonly input: string;
  readonly error: string | null;
  readonly atMs: number;
}

/** Those of these runs, which are known with their lanes, those of no run at all, and those that could not be taken in again, or shown. */
export async function auditDeadLetters(
  session: PostgresSession,
  range: Fragment,
  lanes: ReadonlyMap<string, number>,
): Promise<{
  readonly deadLetters: ReadonlyMap<string, readonly AuditedLetter[]>;
  readonly findings: readonly AuditFinding[];
}> {
  const { sql } = session;
  const deadLetters = new Map<string, AuditedLetter[]>();
  const findings: AuditFinding[] = [];
  const stored = sql<LetterTexts[]>`
    select run_id as "runId", lane, version, reason, input, error, to_ms(at) as "atMs"
      from dead_letters where true ${range} order by run_id, version`;
  for await (const rows of session.pages(stored, LETTERS_MAX)) {
    for (const row of rows) {
      const { runId, version, reason } = row;
      const letters = deadLetters.get(runId);
      if (letters === undefined) deadLetters.set(runId, [{ version, reason }]);
      else letters.push({ version, reason });
      const lane = lanes.get(runId);
      if (letters === undefined && lane === undefined) findings.push(auditOrphan(runId, "a dead letter"));
      findings.push(...letterFindings(row, lane ?? row.lane));
    }
  }
  return { deadLetters, findings };
}

function letterFindings(letter: LetterTexts, laneOfRun: number): AuditFinding[] {
  const { runId, version, lane, input, error, atMs } = letter;
  const findings: AuditFinding[] = [];
  const find = (column: string, fault: string) =>
    findings.push({
      invariant: "I3",
      runId,
      message: `dead_letters: column ${column} of version ${version} ${fault}`,
    });
  const unreadable = readText(input, letterShape).fault;
  if (unreadable !== null)
    find("input", `${unreadable}, so it cannot be taken in again; restore it from a backup`);
  const untold = error === null ? null : readText(error, errorShape).fault;
  if (untold !== null) find("error", `${untold}, so nobody can be told why; restore it from a backup`);
  if (!isTime(atMs))
    find("at", `is ${String(atMs)}, expected a time; set it to that of the entry of this version`);
  if (lane !== laneOfRun)
    find("lane", `is ${lane}, and the run is of lane ${laneOfRun}; correct the wrong one`);
  return findings;
}
