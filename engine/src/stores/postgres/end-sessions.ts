import type { Sql } from "postgres";
import { texts } from "./columns.ts";

/** How long the end of one session is waited for. */
const END_MS = 1_000;

/** Ends the sessions of writers by the beginning of their application name, and waits until they are gone. */
export async function endSessions(sql: Sql, prefixes: readonly string[]): Promise<void> {
  await sql`
    select pg_terminate_backend(activity.pid, ${END_MS})
      from pg_stat_activity activity
      join unnest(${texts(prefixes)}::text[]) as prefix on starts_with(activity.application_name, prefix)
     where activity.datname = current_database()`;
}

/** Ends one session, if the process still is that session's. */
export async function endSession(sql: Sql, pid: number, applicationName: string): Promise<void> {
  await sql`
    select pg_terminate_backend(pid)
      from pg_stat_activity
     where pid = ${pid} and application_name = ${applicationName} and datname = current_database()`;
}
