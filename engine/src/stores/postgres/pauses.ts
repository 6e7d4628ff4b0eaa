/** What stands still. A pause is written and lifted in the statement that keeps the action which asked for it, so that both are done or neither. */
import type { Fragment, Sql } from "postgres";
import type { ActionRow, NewAction, PauseRow, Paused } from "../../core/ports.ts";
import { actionColumns, fromStoredAction, getAction, insertAction, requireAction } from "./actions.ts";
import type { StoredAction } from "./actions.ts";
import { isTaken } from "./store-error.ts";

export function addPause(sql: Sql, action: NewAction, { flow, scope, name }: Paused): Promise<ActionRow> {
  const { by, reason } = action;
  // The update changes nothing: it answers, and locks until commit, the row of a pause that stands already.
  const touched = sql`
    insert into pauses (flow, scope, name, asked_by, reason)
    values (${flow}, ${scope}, ${name}, ${by}, ${reason})
    on conflict (flow, scope, name) do update set name = excluded.name
    returning *, xmax = 0 as has_changed`;
  return keepWith(sql, action, touched);
}

export function removePause(sql: Sql, action: NewAction, { flow, scope, name }: Paused): Promise<ActionRow> {
  const touched = sql`
    delete from pauses where flow = ${flow} and scope = ${scope} and name = ${name}
    returning *, true as has_changed`;
  return keepWith(sql, action, touched);
}

/** Of two that come at once under one id the second meets the first's key, and nothing of it is written. */
async function keepWith(sql: Sql, action: NewAction, touched: Fragment): Promise<ActionRow> {
  const before = await getAction(sql, action.actionId);
  if (before !== null) return before;
  const result = sql`
    json_build_object(
      'hasChanged', coalesce(has_changed, false),
      'pause', case when flow is not null then json_build_object(
        'flow', flow, 'scope', scope, 'name', name, 'by', asked_by, 'reason', reason, 'atMs', to_ms(at)) end)::text
      from (select true) as once left join touched on true`;
  try {
    const rows = await sql<StoredAction[]>`
      with touched as (${touched})
      ${insertAction(sql, action, result)}
      returning ${actionColumns(sql)}`;
    return rows[0] === undefined ? await requireAction(sql, action.actionId) : fromStoredAction(rows[0]);
  } catch (error) {
    if (!isTaken(error)) throw error;
    return requireAction(sql, action.actionId);
  }
}

export async function listPauses(sql: Sql): Promise<readonly PauseRow[]> {
  const rows = await sql<PauseRow[]>`
    select flow, scope, name, asked_by as "by", reason, to_ms(at) as "atMs"
      from pauses
     order by flow, scope, name`;
  return [...rows];
}
