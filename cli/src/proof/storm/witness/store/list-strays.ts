import type { Sql } from "@sluice/host/postgres";
import type { Stray } from "../../oracle/witnessed.ts";

/**
 * History rows, and effects of batches, whose transaction has moved no lane that they belong to: nothing has proved that their writer was
 * the owner. A row's `xmin` is the transaction that wrote it; nobody updates either table.
 */
export async function listStrays(sql: Sql): Promise<readonly Stray[]> {
  return sql<Stray[]>`
    select 'history' as what, h.run_id::text as id
      from sluice.history h
     where not exists (select from proof.lane_steps s where s.lane_id = h.lane and s.xid = h.xmin)
    union all
    select 'effect', e.command_id
      from proof.effects e join sluice.runs r using (run_id)
     where e.channel in ('stock', 'seats')
       and not exists (select from proof.lane_steps s where s.lane_id = r.lane and s.xid = e.xid)`;
}
