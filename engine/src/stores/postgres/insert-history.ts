import type { Fragment, Sql } from "postgres";
import { readText, seenShape } from "../../core/audit-shape.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { HistoryRow, SeenEvent } from "../../core/ports.ts";
import { seenBy } from "../../core/seen.ts";
import { lines, plains } from "./columns.ts";

/** Appends one row per run: all entries that the batch added to it, and apart from them the event ids a repeat is known by. */
export function insertHistory(sql: Sql, history: readonly HistoryRow[], atMs: number): Fragment {
  const rows = history.filter(({ entries }) => entries.length > 0);
  return sql`
    insert into history (run_id, created_at, first_version, last_version, lane, at, entries, seen)
    select run_id, from_ms(created_ms), first_version, last_version, lane, from_ms(${atMs}), entries, seen
      from unnest(
             ${plains(rows.map(({ runId }) => runId))}::uuid[],
             ${plains(rows.map(({ createdAtMs }) => createdAtMs))}::float8[],
             ${plains(rows.map(({ entries }) => entries[0]?.version ?? 0))}::integer[],
             ${plains(rows.map(({ entries }) => entries.at(-1)?.version ?? 0))}::integer[],
             ${plains(rows.map(({ lane }) => lane))}::integer[],
             string_to_array(${lines(rows.map(({ entries }) => JSON.stringify(entries)))}, E'\n'),
             string_to_array(${lines(rows.map(({ entries }) => toSeenText(entries)))}, E'\n', ''))
        as given (run_id, created_ms, first_version, last_version, lane, entries, seen)`;
}

type SeenTuple = readonly [eventId: string, version: number, digest: number, outcome: SeenEvent["outcome"]];

/** The seen events of one row, as JSON without the outer brackets, so that the rows of a run are joined by commas. */
export function toSeenText(entries: readonly HistoryEntry[]): string | null {
  const seen = entries.flatMap((entry) => {
    const taken = seenBy(entry);
    if (taken === null) return [];
    const [id, { version, digest, outcome }] = taken;
    const tuple: SeenTuple = [id, version, digest, outcome];
    return [JSON.stringify(tuple)];
  });
  return seen.length === 0 ? null : seen.join(",");
}

/**
 * The seen events of a run by their ids, from the joined texts of its rows. The first word about an id is the one that counts.
 * Null when a text is none that `toSeenText` has made.
 */
export function fromSeenTexts(joined: string | null): Map<string, SeenEvent> | null {
  const seen = new Map<string, SeenEvent>();
  if (joined === null) return seen;
  const { value, fault } = readText<SeenTuple[]>(`[${joined}]`, seenShape);
  if (fault !== null) return null;
  for (const [eventId, version, digest, outcome] of value) {
    if (!seen.has(eventId)) seen.set(eventId, { version, digest, outcome });
  }
  return seen;
}
