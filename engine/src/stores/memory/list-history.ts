import type { HistoryEntry } from "../../core/history.ts";
import type { Page } from "../../core/ports.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { historyOf } from "./stored-run.ts";

export function listHistory(
  database: MemoryDatabase,
  query: { runId: string; afterVersion: number; limit: number },
): Page<HistoryEntry> {
  const behind = historyOf(database, query.runId).filter(({ version }) => version > query.afterVersion);
  const items = behind.slice(0, query.limit);
  const last = items.at(-1);
  return { items, cursor: last !== undefined && behind.length > items.length ? String(last.version) : null };
}
