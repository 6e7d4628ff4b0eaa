import type { Sql } from "@sluice/host/postgres";

/** Ends about this share of the sessions of everybody but us; answers how many. */
export async function terminateSessions(sql: Sql, share: number): Promise<number> {
  const rows = await sql`
    select pg_terminate_backend(pid)
      from pg_stat_activity
     where backend_type = 'client backend' and datname = current_database()
       and application_name <> current_setting('application_name') and random() < ${share}`;
  return rows.length;
}
