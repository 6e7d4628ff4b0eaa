import type { DeadLetterRow } from "@sluice/engine/random-flows";
import type { Sql } from "@sluice/host/postgres";

type Stored = Omit<DeadLetterRow, "input" | "error"> & {
  readonly input: string;
  readonly error: string | null;
};

/** The dead letters that are stored now, or all that ever were. */
export async function listLetters(sql: Sql, when: "now" | "ever"): Promise<readonly DeadLetterRow[]> {
  const rows = await sql<Stored[]>`
    select run_id as "runId", lane, version, reason, state, input, error, sluice.to_ms(at) as "atMs"
      from ${when === "now" ? sql`sluice.dead_letters` : sql`proof.letters`}
     order by run_id, version`;
  return rows.map((row) => ({
    ...row,
    input: JSON.parse(row.input) as DeadLetterRow["input"],
    error: row.error === null ? null : (JSON.parse(row.error) as DeadLetterRow["error"]),
  }));
}
