import { STUCK_MS } from "../../core/ports.ts";
import type { InboxRow, OutboxRow, StoreTotals, TimerRow } from "../../core/ports.ts";
import { storedDeadLetters } from "./list-dead-letters.ts";
import type { MemoryDatabase } from "./memory-database.ts";

export function listTimers(
  database: MemoryDatabase,
  query: { lanes: readonly number[]; dueBeforeMs: number; limit: number },
): TimerRow[] {
  const lanes = new Set(query.lanes);
  return [...database.timers.values()]
    .filter(({ lane, dueAtMs }) => lanes.has(lane) && dueAtMs < query.dueBeforeMs)
    .sort(
      (a, b) =>
        a.dueAtMs - b.dueAtMs || (a.runId === b.runId ? a.number - b.number : a.runId < b.runId ? -1 : 1),
    )
    .slice(0, query.limit);
}

/** A row that is there already stays as it is: its sender asks again because it did not hear the answer. */
export function appendInbox(database: MemoryDatabase, rows: readonly InboxRow[]): void {
  const texts = rows.map((row) => [row.inboxId, JSON.stringify(row)] as const);
  for (const [inboxId, text] of texts) if (!database.inbox.has(inboxId)) database.inbox.set(inboxId, text);
}

/** In order of arrival within a lane. */
export function listInbox(database: MemoryDatabase, lanes: readonly number[], limit: number): InboxRow[] {
  const wanted = new Set(lanes);
  return storedInbox(database)
    .filter(({ lane }) => wanted.has(lane))
    .slice(0, limit);
}

export function storedInbox(database: MemoryDatabase): InboxRow[] {
  return [...database.inbox.values()].map((text) => JSON.parse(text) as InboxRow);
}

export function totals(database: MemoryDatabase): StoreTotals {
  const nowMs = database.nowMs();
  const unpublished = [...database.outbox.values()].flat();
  const oldestMs = Math.min(nowMs, ...unpublished.map((row) => writtenAtMs(database, row)));
  const timers = [...database.timers.values()];
  const rows = [...database.projection.values()];
  return {
    outboxDepth: unpublished.length,
    outboxAgeMs: nowMs - oldestMs,
    timersDue: timers.filter(({ dueAtMs }) => dueAtMs <= nowMs).length,
    timers: timers.length,
    inbox: database.inbox.size,
    deadLetters: storedDeadLetters(database).length,
    parkedRuns: rows.filter(({ parked }) => parked !== null).length,
    stuckRuns: rows.filter(
      ({ outcome, parked, enteredAtMs }) =>
        outcome === null && parked === null && enteredAtMs <= nowMs - STUCK_MS,
    ).length,
  };
}

function writtenAtMs(database: MemoryDatabase, row: OutboxRow): number {
  return database.runs.get(row.runId)?.writtenAtMs ?? database.nowMs();
}
