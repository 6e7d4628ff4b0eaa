import type { Sql } from "postgres";
import type { ScheduleRow } from "../../core/ports.ts";

export async function listSchedules(sql: Sql): Promise<readonly ScheduleRow[]> {
  return await sql<
    ScheduleRow[]
  >`select flow, to_ms(last_due_at) as "lastDueAtMs" from schedules order by flow`;
}

/** Never goes back: an owner that was away may still save what it knows. */
export async function saveSchedule(sql: Sql, { flow, lastDueAtMs }: ScheduleRow): Promise<void> {
  await sql`
    insert into schedules (flow, last_due_at)
    values (${flow}, from_ms(${lastDueAtMs}))
    on conflict (flow) do update set last_due_at = greatest(schedules.last_due_at, excluded.last_due_at)`;
}
