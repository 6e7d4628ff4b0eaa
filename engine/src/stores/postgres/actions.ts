/** What operators asked for, and how far it is. */
import type { JsonObject } from "@sluice/contracts/envelope";
import type { Fragment, Sql } from "postgres";
import { jobShape, pauseResultShape, progressShape, subjectShape } from "../../core/audit-shape.ts";
import { decodeCursor, encodeCursor } from "../../core/cursor.ts";
import { engineError } from "../../core/errors.ts";
import { jobsFull } from "../../core/full.ts";
import { ACTIONS_PAGE_BYTES_MAX } from "../../core/ports.ts";
import type {
  ActionQuery,
  ActionRow,
  ActionUpdate,
  JobPlan,
  JobProgress,
  NewAction,
  OpenJob,
  Page,
  PauseResult,
  UpdatedAction,
} from "../../core/ports.ts";
import { clampMs } from "./clamp-ms.ts";
import { plains } from "./columns.ts";
import { columnFaults, splitRows, unreadable } from "./unreadable.ts";
import type { ReadRow } from "./unreadable.ts";

/** A row of `actions` as `actionColumns` selects it. */
export interface StoredAction extends Omit<ActionRow, "subject" | "job" | "result"> {
  readonly subject: string;
  readonly job: string | null;
  readonly progress: string | null;
  readonly result: string | null;
}

export async function addAction(sql: Sql, action: NewAction, openMax?: number): Promise<ActionRow> {
  const rows = await sql<StoredAction[]>`
    ${insertAction(sql, action, sql`null`)}
    ${openMax === undefined ? sql`` : sql`where ${hasRoom(sql, action, openMax)}`}
    on conflict (action_id) do nothing
    returning ${actionColumns(sql)}`;
  if (rows[0] !== undefined) return fromStoredAction(rows[0]);
  const before = await getAction(sql, action.actionId);
  if (before !== null) return before;
  throw openMax === undefined ? neitherNor(action) : jobsFull(action, openMax);
}

/** Counts no further than it has to, and among open jobs only, which have an index. */
function hasRoom(sql: Sql, { kind }: NewAction, openMax: number): Fragment {
  return sql`
    (select count(*) from (
       select from actions
        where job is not null and state in ('running', 'stopping') and split_part(kind, '.', 1) = split_part(${kind}, '.', 1)
        limit ${openMax}) as open) < ${openMax}`;
}

/** `result` is what came of it, with the rows it is selected from: `null`, or `… from …`. What was done at once has ended when it is written down. */
export function insertAction(sql: Sql, action: NewAction, result: Fragment): Fragment {
  const { actionId, kind, by, reason, state, subject, job, lane } = action;
  return sql`
    insert into actions (action_id, kind, asked_by, reason, state, subject, job, progress, lane, ended_at, result)
    select ${actionId}::uuid, ${kind}, ${by}, ${reason}, ${state}, ${JSON.stringify(subject)},
           ${job === null ? null : JSON.stringify({ plan: job.plan } satisfies StoredJob)},
           ${job === null ? null : JSON.stringify(job.progress)}, ${lane}::integer,
           ${isEnded(state) ? sql`clock_timestamp()` : sql`null::timestamptz`}, ${result}`;
}

/** An action that must be there, since its id is taken. */
export async function requireAction(sql: Sql, actionId: string): Promise<ActionRow> {
  const action = await getAction(sql, actionId);
  if (action === null) throw neitherNor({ actionId });
  return action;
}

function neitherNor({ actionId }: Pick<ActionRow, "actionId">): Error {
  return engineError("FLOW_UNEXPECTED", `action ${actionId} is neither written nor there`);
}

/** The revision is the lock: of two updates of the same revision one changes no row. */
export async function updateAction(
  sql: Sql,
  { actionId, revision, state, progress }: ActionUpdate,
): Promise<UpdatedAction | null> {
  const rows = await sql<UpdatedAction[]>`
    update actions
       set state = ${state}, progress = ${JSON.stringify(progress)}, revision = revision + 1,
           ended_at = ${isEnded(state) ? sql`clock_timestamp()` : sql`ended_at`}
     where action_id = ${actionId} and revision = ${revision}
    returning action_id as "actionId", revision, state, to_ms(ended_at) as "endedAtMs"`;
  return rows[0] ?? null;
}

export async function getAction(sql: Sql, actionId: string): Promise<ActionRow | null> {
  const rows = await sql<StoredAction[]>`
    select ${actionColumns(sql)} from actions where action_id = ${actionId}`;
  return rows[0] === undefined ? null : fromStoredAction(rows[0]);
}

/** Newest first. */
export async function listActions(sql: Sql, query: ActionQuery): Promise<Page<ActionRow>> {
  const { kind, state, isJob, cursor, limit } = query;
  const after = cursor === undefined ? null : decodeCursor(cursor, ["time", "uuid"]);
  const rows = await sql<(StoredAction & { readonly hasMore: boolean })[]>`
    with found as (
      select action_id, asked_at,
             octet_length(subject) + coalesce(octet_length(job), 0) + coalesce(octet_length(progress), 0) as bytes
        from actions
       where true
         ${kind === undefined ? sql`` : sql`and (kind = ${kind} or split_part(kind, '.', 1) = ${kind})`}
         ${state === undefined ? sql`` : sql`and state = ${state}`}
         ${isJob === undefined ? sql`` : isJob ? sql`and job is not null` : sql`and job is null`}
         ${after === null ? sql`` : sql`and (asked_at, action_id) < (from_ms(${after[0] as number}), ${after[1] as string}::uuid)`}
       order by asked_at desc, action_id desc
       limit ${limit + 1}
    ), placed as (
      select action_id, row_number() over newest as place, sum(bytes) over newest as bytes,
             lead(action_id) over newest is not null as has_more
        from found
      window newest as (order by asked_at desc, action_id desc rows unbounded preceding)
    )
    select ${actionColumns(sql)}, has_more as "hasMore"
      from placed
      join actions using (action_id)
     where place <= ${limit} and (place = 1 or bytes <= ${ACTIONS_PAGE_BYTES_MAX})
     order by place`;
  const last = rows.at(-1);
  const next = last?.hasMore === true ? encodeCursor([clampMs(last.askedAtMs), last.actionId]) : null;
  return { ...splitRows(rows.map(readAction)), cursor: next };
}

export async function listOpenJobs(sql: Sql, lanes: readonly number[]): Promise<readonly OpenJob[]> {
  if (lanes.length === 0) return [];
  return sql<OpenJob[]>`
    select action_id as "actionId", kind, state
      from actions
     where lane = any(${plains(lanes)}::integer[]) and job is not null and state in ('running', 'stopping')
     order by asked_at, action_id`;
}

export function actionColumns(sql: Sql): Fragment {
  return sql`
    action_id as "actionId", kind, asked_by as "by", reason, to_ms(asked_at) as "askedAtMs",
    to_ms(ended_at) as "endedAtMs", state, subject, job, progress, lane, revision, result`;
}

/** @throws FLOW_UNREADABLE (invalid) */
export function fromStoredAction(row: StoredAction): ActionRow {
  const { value, fault } = readAction(row);
  if (fault !== null) throw unreadable("action", row.actionId, fault);
  return value;
}

function readAction(row: StoredAction): ReadRow<ActionRow> & { readonly id: string } {
  const fault = actionFault(row);
  const id = row.actionId;
  return fault === null ? { id, value: composeAction(row), fault } : { id, value: null, fault };
}

/** What of a row cannot be read; null where all can. */
export function actionFault(row: StoredAction): string | null {
  const { kind, subject, job, progress, result, askedAtMs, endedAtMs } = row;
  const texts = {
    subject: [subject, subjectShape],
    job: [job, jobShape],
    progress: [progress, progressShape],
    result: [result, pauseResultShape],
  } as const;
  const faults = [...columnFaults(texts, { asked_at: askedAtMs, ended_at: endedAtMs })];
  if (job === null && kind.startsWith("runs."))
    faults.push("column job is null, expected what the job is to do");
  return faults.length === 0 ? null : `actions: ${faults.join("; ")}`;
}

function composeAction(row: StoredAction): ActionRow {
  const { actionId, kind, by, reason, askedAtMs, endedAtMs, state, subject, job, progress, lane } = row;
  return {
    actionId,
    kind,
    by,
    reason,
    askedAtMs,
    endedAtMs,
    state,
    subject: JSON.parse(subject) as JsonObject,
    job: job === null ? null : toJob(JSON.parse(job) as StoredJob, progress),
    result: row.result === null ? null : (JSON.parse(row.result) as PauseResult),
    lane,
    revision: row.revision,
  };
}

/** What stands in the column `job`. Of a job that began before its progress had a column, that too. */
interface StoredJob {
  readonly plan: JobPlan;
  readonly progress?: JobProgress;
}

function toJob({ plan, progress: former }: StoredJob, progress: string | null): ActionRow["job"] {
  return {
    plan,
    progress: progress === null ? (former ?? NOTHING_DONE) : (JSON.parse(progress) as JobProgress),
  };
}

const NOTHING_DONE: JobProgress = { cursor: null, seen: 0, applied: 0, refused: {}, examples: [] };

function isEnded(state: ActionRow["state"]): boolean {
  return state === "done" || state === "stopped";
}
