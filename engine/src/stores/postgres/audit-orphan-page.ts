import { auditOrphan } from "../../core/audit.ts";
import type { AuditFinding } from "../../core/ports.ts";
import type { PostgresSession } from "./session.ts";

const ROWS_MAX = 2_000;

/** Where a page ends: at a run, by its birth as the server prints it. */
export interface BirthKey {
  readonly createdAt: string;
  readonly runId: string;
}

const NAMES = { history: "history", run_search: "a row of the search projection" } as const;

/** Rows in a run's period whose run does not exist, from the side of the rows: by birth, which is how they lie. */
export async function auditOrphanPage(
  session: PostgresSession,
  table: keyof typeof NAMES,
  after: BirthKey | null,
): Promise<{ readonly findings: readonly AuditFinding[]; readonly last: BirthKey | null }> {
  const { sql } = session;
  const behind =
    after === null
      ? sql``
      : sql`where (created_at, run_id) > (${after.createdAt}::text::timestamptz, ${after.runId}::uuid)`;
  const rows = await session.run(sql<(BirthKey & { readonly isOrphan: boolean; readonly isFull: boolean })[]>`
    with page as (select created_at, run_id from ${sql(table)} ${behind} order by created_at, run_id limit ${ROWS_MAX})
    select created_at::text as "createdAt", run_id as "runId",
           (select true from runs r where r.run_id = p.run_id and r.created_at = p.created_at limit 1) is null as "isOrphan",
           (select count(*) = ${ROWS_MAX} from page) as "isFull"
      from (select distinct created_at, run_id from page) p
     order by p.created_at, p.run_id`);
  const findings = rows
    .filter(({ isOrphan }) => isOrphan)
    .map(({ runId }) => auditOrphan(runId, NAMES[table]));
  const last = rows.at(-1);
  return { findings, last: last?.isFull === true ? last : null };
}
