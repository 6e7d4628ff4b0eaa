/** What operators asked for, and how far it is. */
import type { JsonObject } from "@sluice/contracts/envelope";
import type { Fragment, Sql } from "postgres";
import { decodeCursor, encodeCursor } from "../../core/cursor.ts";
import type { ActionQuery, ActionRow, Page, Store } from "../../core/ports.ts";
import { plains } from "./columns.ts";

interface StoredAction extends Omit<ActionRow, "subject" | "job"> {
  readonly subject: string;
  readonly job: string | null;
}

export async function addAction(sql: Sql, action: Parameters<Store["addAction"]>[0]): Promise<ActionRow> {
  const { actionId, kind, by, reason, state, subject, job, lane } = action;
  // What was done at once has ended when it is written down.
  const rows = await sql<StoredAction[]>`
    insert into actions (action_id, kind, asked_by, reason, state, subject, job, lane, ended_at)
    values (${actionId}, ${kind}, ${by}, ${reason}, ${state}, ${JSON.stringify(subject)},
            ${job === null ? null : JSON.stringify(job)}, ${lane},
            ${isEnded(state) ? sql`clock_timestamp()` : null})
    on conflict (action_id) do nothing
    returning ${columns(sql)}`;
  const added = rows[0] === undefined ? await getAction(sql, actionId) : fromStored(rows[0]);
  if (added === null) throw new Error(`action ${actionId} was neither written nor there`);
  return added;
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
    returning ${columns(sql)}`;
  return rows[0] === undefined ? null : fromStored(rows[0]);
}

export async function getAction(sql: Sql, actionId: string): Promise<ActionRow | null> {
  const rows = await sql<StoredAction[]>`select ${columns(sql)} from actions where action_id = ${actionId}`;
  return rows[0] === undefined ? null : fromStored(rows[0]);
}

/** Newest first. */
export async function listActions(sql: Sql, query: ActionQuery): Promise<Page<ActionRow>> {
  const { kind, state, isJob, cursor, limit } = query;
  const after = cursor === undefined ? null : decodeCursor(cursor, ["time", "uuid"]);
  const rows = await sql<StoredAction[]>`
    select ${columns(sql)}
      from actions
     where true
       ${kind === undefined ? sql`` : sql`and (kind = ${kind} or split_part(kind, '.', 1) = ${kind})`}
       ${state === undefined ? sql`` : sql`and state = ${state}`}
       ${isJob === undefined ? sql`` : isJob ? sql`and job is not null` : sql`and job is null`}
       ${after === null ? sql`` : sql`and (asked_at, action_id) < (from_ms(${after[0] as number}), ${after[1] as string}::uuid)`}
     order by asked_at desc, action_id desc
     limit ${limit + 1}`;
  const items = rows.slice(0, limit).map(fromStored);
  const last = items.at(-1);
  const hasMore = last !== undefined && rows.length > items.length;
  return { items, cursor: hasMore ? encodeCursor([last.askedAtMs, last.actionId]) : null };
}

export async function listOpenJobs(sql: Sql, lanes: readonly number[]): Promise<readonly ActionRow[]> {
  if (lanes.length === 0) return [];
  const rows = await sql<StoredAction[]>`
    select ${columns(sql)}
      from actions
     where lane = any(${plains(lanes)}::integer[]) and job is not null and state in ('running', 'stopping')
     order by asked_at, action_id`;
  return rows.map(fromStored);
}

function columns(sql: Sql): Fragment {
  return sql`
    action_id as "actionId", kind, asked_by as "by", reason, to_ms(asked_at) as "askedAtMs",
    to_ms(ended_at) as "endedAtMs", state, subject, job, lane, revision`;
}

function fromStored({ subject, job, ...row }: StoredAction): ActionRow {
  return {
    ...row,
    subject: JSON.parse(subject) as JsonObject,
    job: job === null ? null : (JSON.parse(job) as ActionRow["job"]),
  };
}

function isEnded(state: ActionRow["state"]): boolean {
  return state === "done" || state === "stopped";
}
