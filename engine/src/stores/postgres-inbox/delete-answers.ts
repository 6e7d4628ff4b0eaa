import type { Sql } from "postgres";

/** Forgets the oldest of those that are older; answers how many. Rows that are in use are left for the next time. */
export async function deleteAnswers(
  sql: Sql,
  schema: string,
  keptDays: number,
  rowsMax: number,
): Promise<number> {
  const rows = await sql`
    delete from ${sql(schema)}.answers
     where command_id in (
             select command_id
               from ${sql(schema)}.answers
              where claimed_at < now() - make_interval(days => ${keptDays})
              order by claimed_at
              limit ${rowsMax}
                for update skip locked)`;
  return rows.count;
}
