import { inboxFull } from "../../core/full.ts";
import { INBOX_ROWS_MAX, STUCK_MS } from "../../core/ports.ts";
import type {
  InboxRow,
  OutboxRow,
  StoreTotals,
  StoredInboxRow,
  StoredTimer,
  TimerQuery,
} from "../../core/ports.ts";
import { storedDeadLetters } from "./list-dead-letters.ts";
import type { MemoryDatabase } from "./memory-database.ts";
import { rowOfStoredRun } from "./stored-run.ts";

export function listTimers(database: MemoryDatabase, query: TimerQuery): StoredTimer[] {
  const { after, dueBeforeMs, limit } = query;
  const lanes = new Set(query.lanes);
  return [...database.timers.values()]
    .filter(({ lane, dueAtMs }) => lanes.has(lane) && dueAtMs < dueBeforeMs)
    .filter((row) => after === undefined || compareTimers(row, after) > 0)
    .sort(compareTimers)
    .slice(0, limit)
    .map((row) => ({ ...row, ...whereaboutsOf(database, row.runId) }));
}

function compareTimers(a: TimerPlace, b: TimerPlace): number {
  if (a.dueAtMs !== b.dueAtMs) return a.dueAtMs - b.dueAtMs;
  if (a.runId !== b.runId) return a.runId < b.runId ? -1 : 1;
  return a.number - b.number;
}

type TimerPlace = NonNullable<TimerQuery["after"]>;

/** Of a run that is gone nothing is known. */
function whereaboutsOf(database: MemoryDatabase, runId: string) {
  const stored = database.runs.get(runId);
  if (stored === undefined) return { flow: "", flowVersion: 0, state: "" };
  const { flow, flowVersion, state } = rowOfStoredRun(stored);
  return { flow, flowVersion, state };
}

/** A row that is there already stays as it is: its sender asks again because it did not hear the answer. */
export function appendInbox(
  database: MemoryDatabase,
  rows: readonly InboxRow[],
  rowsMax = INBOX_ROWS_MAX,
): void {
  if (database.inbox.size + rows.length > rowsMax) requireRoom(database, rows, rowsMax);
  keepInInbox(database, inboxTexts(rows));
}

type InboxTexts = readonly (readonly [inboxId: string, text: string])[];

/** Rows as they are stored: what cannot be put into JSON throws here, before anything is kept. */
export function inboxTexts(rows: readonly InboxRow[]): InboxTexts {
  return rows.map((row) => [row.inboxId, JSON.stringify(row)]);
}

export function keepInInbox({ inbox, latest }: MemoryDatabase, texts: InboxTexts): void {
  for (const [inboxId, text] of texts)
    if (!inbox.has(inboxId)) inbox.set(inboxId, { arrival: ++latest.arrival, text });
}

function requireRoom(database: MemoryDatabase, rows: readonly InboxRow[], rowsMax: number): void {
  const then = [...storedInbox(database), ...rows];
  const full = rows.find((row) => then.filter(({ lane }) => lane === row.lane).length > rowsMax);
  if (full !== undefined) throw inboxFull(full, rowsMax);
}

/** In order of arrival. */
export function listInbox(
  database: MemoryDatabase,
  lanes: readonly number[],
  limit: number,
  behindArrival = 0,
): StoredInboxRow[] {
  const wanted = new Set(lanes);
  return storedInbox(database)
    .filter(({ lane, arrival }) => wanted.has(lane) && arrival > behindArrival)
    .slice(0, limit);
}

export function storedInbox(database: MemoryDatabase): StoredInboxRow[] {
  return [...database.inbox.values()].map(({ arrival, text }) => ({
    ...(JSON.parse(text) as InboxRow),
    arrival,
  }));
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
