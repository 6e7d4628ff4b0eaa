import type { Sql } from "postgres";
import type { HistoryEntry } from "../../core/history.ts";
import type { Page } from "../../core/ports.ts";
import { findRuns } from "./find-runs.ts";

/** The last version an integer column can hold. */
const VERSION_MAX = 2 ** 31 - 1;

/**
 * Entries behind a version, from the row that holds the next one. A stored row holds at least one entry, so `limit` + 1 rows always fill
 * the page and show whether more follow.
 */
export async function listHistory(
  sql: Sql,
  { runId, afterVersion, limit }: { runId: string; afterVersion: number; limit: number },
): Promise<Page<HistoryEntry>> {
  const [run] = await findRuns<Birth>(sql, [runId], birthColumns(sql), (query) => query);
  if (run === undefined) return { items: [], cursor: null };
  const nextVersion = Math.min(VERSION_MAX, afterVersion + 1);
  const rows = await sql<{ entries: string }[]>`
    select h.entries
      from history h
     where h.created_at = from_ms(${run.createdAtMs}) and h.run_id = ${runId}
       and h.first_version >= coalesce((
             select max(b.first_version) from history b
              where b.created_at = from_ms(${run.createdAtMs}) and b.run_id = ${runId} and b.first_version <= ${nextVersion}), 0)
     order by h.first_version
     limit ${limit + 1}`;
  const behind = rows
    .flatMap(({ entries }) => JSON.parse(entries) as HistoryEntry[])
    .filter(({ version }) => version > afterVersion);
  const items = behind.slice(0, limit);
  const last = items.at(-1);
  return { items, cursor: last !== undefined && behind.length > items.length ? String(last.version) : null };
}

interface Birth {
  readonly runId: string;
  readonly createdAtMs: number;
}

function birthColumns(sql: Sql) {
  return sql`r.run_id as "runId", to_ms(r.created_at) as "createdAtMs"`;
}
