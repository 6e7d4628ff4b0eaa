/** What operators asked for, and how far it is. */
import type { JsonObject } from "@sluice/contracts/envelope";
import type { Fragment, Sql } from "postgres";
import { decodeCursor, encodeCursor } from "../../core/cursor.ts";
import { engineError } from "../../core/errors.ts";
import type { ActionQuery, ActionRow, NewAction, Page, PauseResult, Store } from "../../core/ports.ts";
import { plains } from "./columns.ts";

/** A row of `actions` as `actionColumns` selects it. */
export interface StoredAction extends Omit<ActionRow, "subject" | "job" | "result"> {
  readonly subject: string;
  readonly job: string | null;
  readonly result: string | null;
}

export async function addAction(sql: Sql, action: NewAction): Promise<ActionRow> {
  const rows = await sql<StoredAction[]>`
    ${insertAction(sql, action, sql`null`)}
    on conflict (action_id) do nothing
    returning ${actionColumns(sql)}`;
  return rows[0] === undefined ? requireAction(sql, action.actionId) : fromStoredAction(rows[0]);
}

/** `result` is what came of it, with the rows it is selected from: `null`, or `… from …`. What was done at once has ended when it is written down. */
export function insertAction(sql: Sql, action: NewAction, result: Fragment): Fragment {
  const { actionId, kind, by, reason, state, subject, job, lane } = action;
  return sql`
    insert into actions (action_id, kind, asked_by, reason, state, subject, job, lane, ended_at, result)
    select ${actionId}::uuid, ${kind}, ${by}, ${reason}, ${state}, ${JSON.stringify(subject)},
           ${job === null ? null : JSON.stringify(job)}, ${lane}::integer,
           ${isEnded(state) ? sql`clock_timestamp()` : sql`null::timestamptz`}, ${result}`;
}

/** An action that must be there, since its id is taken. */
export async function requireAction(sql: Sql, actionId: string): Promise<ActionRow> {
  const action = await getAction(sql, actionId);
  if (action === null)
    throw engineError("FLOW_UNEXPECTED", `action ${actionId} is neither written nor there`);
  return action;
}

/** The revision is the lock: of two updates of the same revision one changes no row. */
export async function updateAction(
  sql: Sql,
  { actionId, revision, state, job }: Parameters<Store["updateAction"]>[0],
): Promise<ActionRow | null> {
  const rows = await sql<StoredAction[]>`
    update actions
       set state = ${state}, job = ${job === null ? null : JSON.stringify(job)}, revision = revision + 1,
           ended_at = ${isEnded(state) ? sql`clock_timestamp()` : sql`ended_at`}
     where action_id = ${actionId} and revision = ${revision}
    returning ${actionColumns(sql)}`;
  return rows[0] === undefined ? null : fromStoredAction(rows[0]);
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
  const rows = await sql<StoredAction[]>`
    select ${actionColumns(sql)}
      from actions
     where true
       ${kind === undefined ? sql`` : sql`and (kind = ${kind} or split_part(kind, '.', 1) = ${kind})`}
       ${state === undefined ? sql`` : sql`and state = ${state}`}
       ${isJob === undefined ? sql`` : isJob ? sql`and job is not null` : sql`and job is null`}
       ${after === null ? sql`` : sql`and (asked_at, action_id) < (from_ms(${after[0] as number}), ${after[1] as string}::uuid)`}
     order by asked_at desc, action_id desc
     limit ${limit + 1}`;
  const items = rows.slice(0, limit).map(fromStoredAction);
  const last = items.at(-1);
  const hasMore = last !== undefined && rows.length > items.length;
  return { items, cursor: hasMore ? encodeCursor([last.askedAtMs, last.actionId]) : null };
}

export async function listOpenJobs(sql: Sql, lanes: readonly number[]): Promise<readonly ActionRow[]> {
  if (lanes.length === 0) return [];
  const rows = await sql<StoredAction[]>`
    select ${actionColumns(sql)}
      from actions
     where lane = any(${plains(lanes)}::integer[]) and job is not null and state in ('running', 'stopping')
     order by asked_at, action_id`;
  return rows.map(fromStoredAction);
}

export function actionColumns(sql: Sql): Fragment {
  return sql`
    action_id as "actionId", kind, asked_by as "by", reason, to_ms(asked_at) as "askedAtMs",
    to_ms(ended_at) as "endedAtMs", state, subject, job, lane, revision, result`;
}

export function fromStoredAction({ subject, job, result, ...row }: StoredAction): ActionRow {
  return {
    ...row,
    subject: JSON.parse(subject) as JsonObject,
    job: job === null ? null : (JSON.parse(job) as ActionRow["job"]),
    result: result === null ? null : (JSON.parse(result) as PauseResult),
  };
}

function isEnded(state: ActionRow["state"]): boolean {
  return state === "done" || state === "stopped";
}
