/** What operators do: actions, pauses, schedules and keys. */
import { decodeCursor, encodeCursor } from "../../core/cursor.ts";
import { jobsFull } from "../../core/full.ts";
import { ACTIONS_PAGE_BYTES_MAX } from "../../core/ports.ts";
import type {
  ActionQuery,
  ActionRow,
  ActionUpdate,
  ApiKeyRow,
  NewAction,
  OpenJob,
  Page,
  PauseResult,
  PauseRow,
  Paused,
  ScheduleRow,
  Store,
  UpdatedAction,
} from "../../core/ports.ts";
import type { MemoryDatabase } from "./memory-database.ts";

export function addAction(database: MemoryDatabase, action: NewAction, openMax?: number): ActionRow {
  const before = getAction(database, action.actionId);
  if (before !== null) return before;
  const alike = (row: ActionRow): boolean => isOpenJob(row) && sortOf(row) === sortOf(action);
  if (openMax !== undefined && storedActions(database).filter(alike).length >= openMax)
    throw jobsFull(action, openMax);
  return keepAction(database, action, null);
}

function sortOf({ kind }: Pick<ActionRow, "kind">): string {
  return kind.split(".", 1)[0] ?? "";
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
  { actionId, revision, state, progress }: ActionUpdate,
): UpdatedAction | null {
  const before = getAction(database, actionId);
  if (before?.revision !== revision) return null;
  const endedAtMs = isEnded(state) ? Math.floor(database.nowMs()) : before.endedAtMs;
  const job = before.job === null ? null : { plan: before.job.plan, progress };
  const row: ActionRow = { ...before, state, job, endedAtMs, revision: revision + 1 };
  database.actions.set(actionId, JSON.stringify(row));
  return { actionId, state, endedAtMs, revision: row.revision };
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
  const items = found.slice(0, Math.min(limit, fittingRows(found)));
  const last = items.at(-1);
  const hasMore = last !== undefined && found.length > items.length;
  return { items, cursor: hasMore ? encodeCursor([last.askedAtMs, last.actionId]) : null };
}

/** How many of the first rows a page has room for: one at least. */
function fittingRows(rows: readonly ActionRow[]): number {
  let bytes = 0;
  const beyond = rows.findIndex((row) => (bytes += JSON.stringify(row).length) > ACTIONS_PAGE_BYTES_MAX);
  return beyond === -1 ? rows.length : Math.max(1, beyond);
}

export function listOpenJobs(database: MemoryDatabase, lanes: readonly number[]): readonly OpenJob[] {
  return storedActions(database)
    .filter((row) => lanes.includes(row.lane) && isOpenJob(row))
    .sort((a, b) => (isOlder(a, b.askedAtMs, b.actionId) ? -1 : 1))
    .map(({ actionId, kind, state }) => ({ actionId, kind, state }));
}

function isOpenJob({ job, state }: ActionRow): boolean {
  return job !== null && !isEnded(state);
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
