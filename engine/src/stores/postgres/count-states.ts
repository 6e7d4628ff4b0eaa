import type { Sql } from "postgres";
import type { StateCount } from "../../core/ports.ts";

/** Runs by flow, version and state, from the counters of all lanes. */
export async function countStates(sql: Sql, flow?: string): Promise<StateCount[]> {
  const counts = await sql<StateCount[]>`
    select flow, flow_version as "flowVersion", state, sum(runs)::float8 as runs, sum(parked)::float8 as parked
      from state_counts
     where true ${flow === undefined ? sql`` : sql`and flow = ${flow}`}
     group by flow, flow_version, state
    having sum(runs) <> 0
     order by flow collate "C", flow_version, state collate "C"`;
  return [...counts];
}
