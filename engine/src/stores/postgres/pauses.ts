import type { Sql } from "postgres";
import type { PauseRow, Store } from "../../core/ports.ts";

export async function addPause(sql: Sql, pause: Parameters<Store["addPause"]>[0]): Promise<PauseRow | null> {
  const { flow, scope, name, by, reason } = pause;
  const rows = await sql<{ atMs: number }[]>`
    insert into pauses (flow, scope, name, asked_by, reason)
    values (${flow}, ${scope}, ${name}, ${by}, ${reason})
    on conflict do nothing
    returning to_ms(at) as "atMs"`;
  return rows[0] === undefined ? null : { ...pause, atMs: rows[0].atMs };
}

export async function removePause(
  sql: Sql,
  { flow, scope, name }: Parameters<Store["removePause"]>[0],
): Promise<boolean> {
  const removed = await sql`
    delete from pauses where flow = ${flow} and scope = ${scope} and name = ${name}`;
  return removed.count > 0;
}

export async function listPauses(sql: Sql): Promise<readonly PauseRow[]> {
  const rows = await sql<PauseRow[]>`
    select flow, scope, name, asked_by as "by", reason, to_ms(at) as "atMs"
      from pauses
     order by flow, scope, name`;
  return [...rows];
}
