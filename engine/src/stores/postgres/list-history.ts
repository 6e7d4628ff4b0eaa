import type { Sql } from "postgres";
import { entriesShape, readText } from "../../core/audit-shape.ts";
import { cutHistory } from "../../core/cut-history.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { HistoryQuery, Page } from "../../core/ports.ts";
import { findRuns } from "./find-runs.ts";
import { unreadable } from "./unreadable.ts";

/** The last version an integer column can hold. */
const VERSION_MAX = 2 ** 31 - 1;

/**
 * Entries behind a version, from the row that holds the next one. A stored row holds at least one entry, so `limit` + 1 rows always fill
 * the page and show whether more follow. Of a row that begins where the bytes have run out only its place is read: its length is known
 * without looking into it.
 */
export async function listHistory(sql: Sql, query: HistoryQuery): Promise<Page<HistoryEntry>> {
  const { runId, afterVersion, limit, bytesMax = Number.MAX_SAFE_INTEGER } = query;
  const [run] = await findRuns<Birth>(sql, [runId], birthColumns(sql), (birth) => birth);
  if (run === undefined) return { items: [], cursor: null };
  const nextVersion = Math.min(VERSION_MAX, afterVersion + 1);
  const rows = await sql<{ entries: string | null }[]>`
    select case when coalesce(page.bytes_before, 0) < ${bytesMax}::bigint then page.entries end as entries
      from (select h.first_version, h.entries,
                   sum(octet_length(h.entries)) over (
                     order by h.first_version rows between unbounded preceding and 1 preceding) as bytes_before
              from history h
             where h.created_at = from_ms(${run.createdAtMs}) and h.run_id = ${runId}
               and h.first_version >= coalesce((
                     select max(b.first_version) from history b
                      where b.created_at = from_ms(${run.createdAtMs}) and b.run_id = ${runId}
                        and b.first_version <= ${nextVersion}), 0)
             order by h.first_version
             limit ${limit + 1}) page
     order by page.first_version`;
  const read = rows.flatMap(({ entries }) => entries ?? []);
  const behind = read
    .flatMap((entries) => readEntries(runId, entries))
    .filter(({ version }) => version > afterVersion);
  return cutHistory(behind, query, rows.length > read.length);
}

/** @throws FLOW_UNREADABLE (invalid) */
function readEntries(runId: string, entries: string): readonly HistoryEntry[] {
  const { value, fault } = readText<readonly HistoryEntry[]>(entries, entriesShape);
  if (fault !== null)
    throw unreadable("the history of run", runId, `history: column entries of a row ${fault}`);
  return value;
}

interface Birth {
  readonly runId: string;
  readonly createdAtMs: number;
}

function birthColumns(sql: Sql) {
  return sql`r.run_id as "runId", to_ms(r.created_at) as "createdAtMs"`;
}
