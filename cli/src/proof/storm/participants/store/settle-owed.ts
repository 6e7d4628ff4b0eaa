import type { AnySql } from "../any-sql.ts";

/** The answer is told; `told` says what came of it. */
export async function settleOwed(sql: AnySql, commandId: string, told: string): Promise<void> {
  await sql`update proof.owed set told = ${told} where command_id = ${commandId}`;
}
