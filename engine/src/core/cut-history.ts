import type { HistoryEntry } from "./history.ts";
import type { HistoryQuery, Page } from "./ports.ts";

/**
 * A page of what lies behind a version, oldest first, from entries that were read for it; `hasMore` when the store has others behind those.
 * At least one entry stands in it, however large, or nobody would get past that one.
 */
export function cutHistory(
  behind: readonly HistoryEntry[],
  { limit, bytesMax = Number.POSITIVE_INFINITY }: Pick<HistoryQuery, "limit" | "bytesMax">,
  hasMore: boolean,
): Page<HistoryEntry> {
  const items = cutAtBytes(behind.slice(0, limit), bytesMax);
  const last = items.at(-1);
  const isCut = hasMore || behind.length > items.length;
  return { items, cursor: last !== undefined && isCut ? String(last.version) : null };
}

function cutAtBytes(entries: readonly HistoryEntry[], bytesMax: number): readonly HistoryEntry[] {
  if (bytesMax === Number.POSITIVE_INFINITY) return entries;
  let bytes = 0;
  const end = entries.findIndex((entry) => (bytes += JSON.stringify(entry).length) >= bytesMax);
  return end === -1 ? entries : entries.slice(0, end + 1);
}
