import type { Fragment, Sql } from "postgres";
import type { Run } from "../../core/run.ts";
import { plains } from "./columns.ts";

/** Runs with their births, by which everything of theirs is found in their period: `born (run_id, created_ms, nth)`. */
export function births(sql: Sql, runs: readonly Pick<Run, "runId" | "createdAtMs">[]): Fragment {
  return sql`
    unnest(${plains(runs.map(({ runId }) => runId))}::uuid[], ${plains(runs.map(({ createdAtMs }) => createdAtMs))}::float8[])
      with ordinality as born (run_id, created_ms, nth)`;
}
