import type { EventMessage } from "@sluice/contracts/envelope";
import type { Sql } from "@sluice/host/postgres";

export interface DueAnswer {
  readonly commandId: string;
  readonly runId: string;
  readonly event: EventMessage;
}

/** Answers that are due and that nobody has acknowledged, the oldest first. */
export async function listOwed(sql: Sql, limit: number): Promise<readonly DueAnswer[]> {
  const rows = await sql<(Omit<DueAnswer, "event"> & { readonly event: string })[]>`
    select command_id as "commandId", run_id as "runId", event
      from proof.owed
     where told is null and due_at <= clock_timestamp()
     order by due_at
     limit ${limit}`;
  return rows.map((row) => ({ ...row, event: JSON.parse(row.event) as EventMessage }));
}
