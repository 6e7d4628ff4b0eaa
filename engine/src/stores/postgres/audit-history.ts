import { entriesShape, readText } from "../../core/audit-shape.ts";
import type { RunAudit } from "../../core/audit-run.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { AuditFinding } from "../../core/ports.ts";
import type { Run } from "../../core/run.ts";
import { births } from "./audit-births.ts";
import { toSeenText } from "./insert-history.ts";
import type { PostgresSession } from "./session.ts";

/** History rows that are held at once. */
const HISTORY_ROWS_MAX = 200;

interface HistoryTexts {
  readonly runId: string;
  readonly firstVersion: number;
  readonly lastVersion: number;
  readonly lane: number;
  readonly atMs: number;
  readonly entries: string;
  readonly seen: string | null;
}

/** Streams the history of these runs through their audits. What is wrong with a row itself is answered. */
export async function auditHistory(
  session: PostgresSession,
  runs: readonly Run[],
  audits: ReadonlyMap<string, RunAudit>,
): Promise<{ readonly entries: number; readonly findings: readonly AuditFinding[] }> {
  if (runs.length === 0) return { entries: 0, findings: [] };
  const { sql } = session;
  const lanes = new Map(runs.map(({ runId, lane }) => [runId, lane]));
  let entries = 0;
  const findings: AuditFinding[] = [];
  const history = sql<HistoryTexts[]>`
    select h.run_id as "runId", h.first_version as "firstVersion", h.last_version as "lastVersion",
           h.lane, to_ms(h.at) as "atMs", h.entries, h.seen
      from ${births(sql, runs)}
     cross join lateral (
             select * from history
              where history.created_at = from_ms(born.created_ms) and history.run_id = born.run_id) h
     order by born.nth, h.first_version`;
  for await (const rows of session.pages(history, HISTORY_ROWS_MAX)) {
    for (const row of rows) {
      const { value, fault } = readText<HistoryEntry[]>(row.entries, entriesShape);
      const runAudit = audits.get(row.runId);
      if (fault !== null) {
        runAudit?.addUnreadable({ ...row, fault });
        continue;
      }
      entries += value.length;
      for (const entry of value) runAudit?.addEntry(entry);
      findings.push(...rowFindings(row, value), ...placeFindings(row, value, lanes.get(row.runId)));
    }
  }
  return { entries, findings };
}

/** What the row says beside its entries: its versions, and the ids by which a repeat is known. */
function rowFindings(row: HistoryTexts, entries: readonly HistoryEntry[]): AuditFinding[] {
  const { runId, firstVersion, lastVersion, seen } = row;
  const findings: AuditFinding[] = [];
  const place = placeOf(row);
  const [first, last] = [entries[0]?.version, entries.at(-1)?.version];
  if (first !== firstVersion || last !== lastVersion)
    findings.push({
      invariant: "I1",
      runId,
      message: `${place} has the entries ${first ?? "none"} to ${last ?? "none"}; restore it from a backup`,
    });
  if (seen !== toSeenText(entries))
    findings.push({
      invariant: "I6",
      runId,
      message: `${place} remembers other ids in its column seen than its entries took in, so a repeat would be taken in again; restore it from a backup`,
    });
  return findings;
}

/** By lane and time the next owner of a lane finds what was written last. */
function placeFindings(
  row: HistoryTexts,
  entries: readonly HistoryEntry[],
  laneOfRun: number | undefined,
): AuditFinding[] {
  const { runId, lane, atMs } = row;
  const findings: AuditFinding[] = [];
  const find = (message: string) =>
    findings.push({ invariant: "I1", runId, message: `${placeOf(row)} ${message}; correct the wrong one` });
  const writtenMs = entries.at(-1)?.atMs ?? atMs;
  if (atMs !== writtenMs) find(`has ${atMs} in its column at, and its entries are of ${writtenMs}`);
  if (lane !== laneOfRun) find(`is of lane ${lane}, and the run is of lane ${laneOfRun}`);
  return findings;
}

function placeOf({ firstVersion, lastVersion }: HistoryTexts): string {
  return `history: the row of versions ${firstVersion} to ${lastVersion}`;
}
