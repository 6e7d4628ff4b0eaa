import type { Sql } from "@sluice/host/postgres";
import type { Owed } from "../../oracle/witnessed.ts";

/** Answers that came later, and what came of them. */
export async function listOwedOutcomes(sql: Sql): Promise<readonly Owed[]> {
  return sql<Owed[]>`select command_id as "commandId", run_id as "runId", told from proof.owed`;
}
