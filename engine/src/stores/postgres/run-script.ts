import type { Sql } from "postgres";

/** How long a script may wait for running batches, and they behind it. */
const LOCK_MS = 500;

/**
 * Runs a script that changes tables as one transaction; one at a time in a schema. Waiting for a lock is short, and what does not succeed
 * now is left for the next time.
 */
export async function runScript(sql: Sql, script: string): Promise<void> {
  try {
    await sql.unsafe(`
      set local lock_timeout = ${LOCK_MS};
      select pg_advisory_xact_lock(hashtext('sluice maintain ' || current_schema()));
      ${script}`);
  } catch (error) {
    if (!isForLater(error)) throw error;
  }
}

/**
 * A lock that was not to be had, a deadlock avoided, a day whose rows the default partition has caught already (they stay there), or a
 * period that somebody else has just made with other bounds.
 */
const FOR_LATER: ReadonlySet<unknown> = new Set(["55P03", "40P01", "23514", "42P17"]);

function isForLater(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && FOR_LATER.has(error.code);
}
