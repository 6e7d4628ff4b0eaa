import type { TransactionSql } from "postgres";

/** Marks a command as taken back, whether it came before or not; waits for the transaction that carries it out. */
export async function undoAnswer(
  sql: TransactionSql,
  schema: string,
  commandId: string,
  undoneBy: string,
): Promise<void> {
  await sql`
    insert into ${sql(schema)}.answers (command_id, undone_by)
    values (${commandId}, ${undoneBy})
    on conflict (command_id) do update set undone_by = excluded.undone_by`;
}
