import type { Sql } from "@sluice/host/postgres";
import type { Effect } from "../../oracle/witnessed.ts";

/** What participants did, in their order. */
export async function listEffects(sql: Sql): Promise<readonly Effect[]> {
  return sql<Effect[]>`
    select nth::float8 as nth, command_id as "commandId", run_id as "runId", type, channel, undoes,
           is_early as "isEarly"
      from proof.effects
     order by nth`;
}
