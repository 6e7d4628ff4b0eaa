import type { EventMessage } from "@sluice/contracts/envelope";
import type { AnySql } from "../any-sql.ts";

export interface OwedAnswer {
  readonly commandId: string;
  readonly runId: string;
  readonly event: EventMessage;
  readonly lateMs: number;
}

/** Remembers, with the effect itself, which answers are still to be given. */
export async function insertOwed(sql: AnySql, owed: readonly OwedAnswer[]): Promise<void> {
  await sql`
    insert into proof.owed (command_id, run_id, event, due_at)
    select command_id, run_id, event, clock_timestamp() + late_ms * interval '1 ms'
      from unnest(
             ${owed.map(({ commandId }) => commandId)}::text[],
             ${owed.map(({ runId }) => runId)}::uuid[],
             ${owed.map(({ event }) => JSON.stringify(event))}::text[],
             ${owed.map(({ lateMs }) => lateMs)}::integer[])
        as late (command_id, run_id, event, late_ms)`;
}
