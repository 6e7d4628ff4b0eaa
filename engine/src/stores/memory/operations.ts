/** What operators do: actions, pauses, schedules and keys. */
import { decodeCursor, encodeCursor } from "../../core/cursor.ts";
import type {
  ActionQuery,
  ActionRow,
  ApiKeyRow,
  NewAction,
  Page,
  PauseResult,
  PauseRow,
  Paused,
  ScheduleRow,
  Store,
} from "../../core/ports.ts";
import type { MemoryDatabase } from "./memory-database.ts";

export function addAction(database: MemoryDatabase, action: NewAction): ActionRow {
  return getAction(database, action.actionId) ?? keepAction(database, action, null);
}

function keepAction(database: MemoryDatabase, action: NewAction, result: PauseResult | null): ActionRow {
  const askedAtMs = Math.floor(database.nowMs());
  const endedAtMs = isEnded(action.state) ? askedAtMs : null;
  const row: ActionRow = { ...action, askedAtMs, endedAtMs, revision: 1, result };
  database.actions.set(row.actionId, JSON.stringify(row));
  return row;
}

export function updateAction(
  database: MemoryDatabase,
  { actionId, revision, state, job }: Parameters<Store["updateAction"]>[0],
): ActionRow | null {
  const before = getAction(database, actionId);
  if (before?.revision !== revision) return null;
  const endedAtMs = isEnded(state) ? Math.floor(database.nowMs()) : before.endedAtMs;
  const row: ActionRow = { ...before, state, job, endedAtMs, revision: revision + 1 };
  database.actions.set(actionId, JSON.stringify(row));
  return row;
}

export function getAction(database: MemoryDatabase, actionId: string): ActionRow | null {
  const text = database.actions.get(actionId);
  return text === undefined ? null : (JSON.parse(text) as ActionRow);
}

/** Newest first. */
export function listActions(database: MemoryDatabase, query: ActionQuery): Page<ActionRow> {
  const { kind, state, isJob, cursor, limit } = query;
  const after = cursor === undefined ? null : decodeCursor(cursor, ["time", "uuid"]);
  const found = storedActions(database)
    .filter((row) => kind === undefined || row.kind === kind || row.kind.startsWith(`${kind}.`))
    .filter((row) => state === undefined || row.state === state)
    .filter((row) => isJob === undefined || (row.job !== null) === isJob)
    .filter((row) => after === null || isOlder(row, after[0] as number, after[1] as string))
    .sort((a, b) => (isOlder(a, b.askedAtMs, b.actionId) ? 1 : -1));
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const hasMore = last !== undefined && found.length > items.length;
  return { items, cursor: hasMore ? encodeCursor([last.askedAtMs, last.actionId]) : null };
}

export function listOpenJobs(database: MemoryDatabase, lanes: readonly number[]): readonly ActionRow[] {
  return storedActions(database)
    .filter(({ lane, job, state }) => lanes.includes(lane) && job !== null && !isEnded(state))
    .sort((a, b) => (isOlder(a, b.askedAtMs, b.actionId) ? -1 : 1));
}

function storedActions(database: MemoryDatabase): ActionRow[] {
  return [...database.actions.values()].map((text) => JSON.parse(text) as ActionRow);
}

function isOlder(row: ActionRow, askedAtMs: number, actionId: string): boolean {
  return row.askedAtMs === askedAtMs ? row.actionId < actionId : row.askedAtMs < askedAtMs;
}

function isEnded(state: ActionRow["state"]): boolean {
  return state === "done" || state === "stopped";
}

export function addPause(database: MemoryDatabase, action: NewAction, what: Paused): ActionRow {
  const before = getAction(database, action.actionId);
  if (before !== null) return before;
  const { by, reason } = action;
  const standing = database.pauses.get(pauseKey(what));
  const pause: PauseRow = standing ?? Object.freeze({ ...what, by, reason, atMs: database.nowMs() });
  database.pauses.set(pauseKey(what), pause);
  return keepAction(database, action, { hasChanged: standing === undefined, pause });
}

export function removePause(database: MemoryDatabase, action: NewAction, what: Paused): ActionRow {
  const before = getAction(database, action.actionId);
  if (before !== null) return before;
  const pause = database.pauses.get(pauseKey(what)) ?? null;
  database.pauses.delete(pauseKey(what));
  return keepAction(database, action, { hasChanged: pause !== null, pause });
}

export function listPauses(database: MemoryDatabase): readonly PauseRow[] {
  return [...database.pauses.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function pauseKey({ flow, scope, name }: Paused): string {
  return `${flow}\n${scope}\n${name}`;
}

export function listSchedules(database: MemoryDatabase): readonly ScheduleRow[] {
  const flows = [...database.schedules.keys()].sort();
  return flows.map((flow) => ({ flow, lastDueAtMs: database.schedules.get(flow) ?? 0 }));
}

export function saveSchedule(database: MemoryDatabase, { flow, lastDueAtMs }: ScheduleRow): void {
  database.schedules.set(flow, Math.max(lastDueAtMs, database.schedules.get(flow) ?? lastDueAtMs));
}

export function addApiKey(database: MemoryDatabase, key: Parameters<Store["addApiKey"]>[0]): ApiKeyRow {
  const row: ApiKeyRow = Object.freeze({ ...key, createdAtMs: database.nowMs(), revokedAtMs: null });
  database.apiKeys.set(key.keyId, row);
  return row;
}

export function endApiKey(database: MemoryDatabase, keyId: string, atMs: number | null): boolean {
  const row = database.apiKeys.get(keyId);
  if (row === undefined) return false;
  const ended: ApiKeyRow =
    atMs === null
      ? { ...row, revokedAtMs: row.revokedAtMs ?? database.nowMs() }
      : { ...row, expiresAtMs: Math.min(row.expiresAtMs ?? Number.POSITIVE_INFINITY, atMs) };
  database.apiKeys.set(keyId, Object.freeze(ended));
  return true;
}

export function listApiKeys(database: MemoryDatabase): readonly ApiKeyRow[] {
  return [...database.apiKeys.values()];
}
