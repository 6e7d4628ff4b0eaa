import { cutHistory } from "../../core/cut-history.ts";
import type { HistoryEntry } from "../../core/history.ts";
import type { HistoryQuery, Page } from "../../core/ports.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { historyOf } from "./stored-run.ts";

export function listHistory(database: MemoryDatabase, query: HistoryQuery): Page<HistoryEntry> {
  const behind = historyOf(database, query.runId).filter(({ version }) => version > query.afterVersion);
  return cutHistory(behind, query, false);
}
