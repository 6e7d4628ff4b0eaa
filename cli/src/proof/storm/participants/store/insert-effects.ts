import type { CommandMessage } from "@sluice/contracts/envelope";
import type { AnySql } from "../any-sql.ts";

/** Writes down what was done, once for each time it was done. */
export async function insertEffects(
  sql: AnySql,
  channel: string,
  commands: readonly CommandMessage[],
): Promise<void> {
  await sql`
    insert into proof.effects (command_id, run_id, type, undoes, channel)
    select command_id, run_id, type, undoes, ${channel}
      from unnest(
             ${commands.map(({ commandId }) => commandId)}::text[],
             ${commands.map(({ runId }) => runId)}::uuid[],
             ${commands.map(({ type }) => type)}::text[],
             ${commands.map(({ undoes }) => undoes ?? null)}::text[])
        as done (command_id, run_id, type, undoes)`;
}
