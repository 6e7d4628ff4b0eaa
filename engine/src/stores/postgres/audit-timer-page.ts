import { auditTimerRow } from "../../core/audit.ts";
import type { AuditFinding, TimerRow } from "../../core/ports.ts";
import { readAuditedRun } from "./read-run.ts";
import { runColumns } from "./run-columns.ts";
import type { StoredRun } from "./run-columns.ts";
import type { PostgresSession } from "./session.ts";

const TIMERS_MAX = 1_000;

/** Where a page of timers ends: the key of its last row, with the time as the server prints it. */
export interface TimerKey {
  readonly lane: number;
  readonly dueAt: string;
  readonly runId: string;
  readonly number: number;
}

type TimerAndRun = Omit<StoredRun, "runId" | "lane"> &
  TimerRow & { readonly dueAt: string; readonly hasRun: boolean };

/** Timers from the side of their rows: each must be set in its run. */
export async function auditTimerPage(
  session: PostgresSession,
  after: TimerKey | null,
): Promise<{ readonly findings: readonly AuditFinding[]; readonly last: TimerKey | null }> {
  const { sql } = session;
  const behind =
    after === null
      ? sql``
      : sql`where (lane, due_at, run_id, number)
                  > (${after.lane}::integer, ${after.dueAt}::text::timestamptz, ${after.runId}::uuid, ${after.number}::integer)`;
  const rows = await session.run(sql<TimerAndRun[]>`
    select ${runColumns(sql)}, t.lane, t.run_id as "runId", t.number, t.kind, to_ms(t.due_at) as "dueAtMs",
           t.due_at::text as "dueAt", r.run_id is not null as "hasRun"
      from (select * from timers ${behind} order by lane, due_at, run_id, number limit ${TIMERS_MAX}) t
      left join lateral (select * from runs where runs.run_id = t.run_id limit 1) r on true
     order by t.lane, t.due_at, t.run_id, t.number`);
  const findings = rows.flatMap((row) => {
    const run = row.hasRun ? readAuditedRun(row).run : null;
    // Of a run that cannot be read its own page has told.
    return row.hasRun && run === null ? [] : (auditTimerRow(row, run) ?? []);
  });
  return { findings, last: rows.length < TIMERS_MAX ? null : (rows.at(-1) ?? null) };
}
