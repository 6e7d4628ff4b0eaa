import type { Sql } from "postgres";
import type { HistoryEntry } from "../../core/history.ts";
import type { Page } from "../../core/ports.ts";

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
  const nextVersion = Math.min(VERSION_MAX, afterVersion + 1);
  const rows = await sql<{ entries: string }[]>`
    with run as (
      select created_at - interval '1 hour' as from_at, updated_at + interval '1 hour' as to_at
        from runs where run_id = ${runId}
    )
    select h.entries
      from run, history h
     where h.run_id = ${runId} and h.at between run.from_at and run.to_at
       and h.first_version >= coalesce((
             select max(b.first_version) from history b
              where b.run_id = ${runId} and b.at between run.from_at and run.to_at
                and b.first_version <= ${nextVersion}), 0)
     order by h.first_version
     limit ${limit + 1}`;
  const behind = rows
    .flatMap(({ entries }) => JSON.parse(entries) as HistoryEntry[])
    .filter(({ version }) => version > afterVersion);
  const items = behind.slice(0, limit);
  const last = items.at(-1);
  return { items, cursor: last !== undefined && behind.length > items.length ? String(last.version) : null };
}
