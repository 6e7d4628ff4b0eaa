import type { AnySql } from "../any-sql.ts";

/** Counts effects and undos, in one row for all; locks it until the batch is committed. */
export async function addToTally(sql: AnySql, counts: { readonly effects: number; readonly undos: number }) {
  await sql`
    update proof.tally set effects = effects + ${counts.effects}, undos = undos + ${counts.undos}`;
}
