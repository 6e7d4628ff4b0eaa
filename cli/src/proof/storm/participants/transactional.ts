/** Participants in the batch's transaction: their effects are rows of it. */
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import type { TransactionalParticipant } from "@sluice/engine";
import type { AnyTypes, TransactionalHandlers } from "@sluice/engine/participant";
import { transactional } from "@sluice/engine/participant";
import type { TransactionSql } from "@sluice/host/postgres";
import { mischiefOf } from "./mischief.ts";
import { replyTo } from "./reply.ts";
import { addToTally } from "./store/add-to-tally.ts";
import { insertEffects } from "./store/insert-effects.ts";
import { insertOwed } from "./store/insert-owed.ts";

export interface TransactionalParts {
  readonly seed: number;
  /** Called with the effects written and the transaction open. */
  readonly inTransaction: () => Promise<void>;
}

export function transactionalParticipant(
  channel: string,
  types: readonly string[],
  parts: TransactionalParts,
): TransactionalParticipant {
  const handle = (commands: readonly CommandMessage[], sql: TransactionSql) =>
    carryOut(channel, commands, sql, parts);
  const handlers = Object.fromEntries(types.map((type) => [type, handle]));
  return transactional(channel, handlers as TransactionalHandlers<AnyTypes, TransactionSql>);
}

/** Writes first and fails then: what a failing handler has written must be gone. */
async function carryOut(
  channel: string,
  commands: readonly CommandMessage[],
  sql: TransactionSql,
  { seed, inTransaction }: TransactionalParts,
): Promise<(EventMessage | null)[]> {
  const replies = commands.map((command) => replyTo(seed, command));
  const owed = commands.flatMap(({ commandId, runId }, at) => {
    const late = replies[at]?.late ?? null;
    return late === null ? [] : [{ commandId, runId, ...late }];
  });
  const undos = commands.filter(({ undoes }) => undoes !== undefined).length;
  await Promise.all([
    insertEffects(sql, channel, commands),
    addToTally(sql, { effects: commands.length - undos, undos }),
    ...(owed.length > 0 ? [insertOwed(sql, owed)] : []),
  ]);
  await inTransaction();
  for (const command of commands) {
    const { before } = mischiefOf(seed, command);
    if (before !== null) throw before;
  }
  return replies.map(({ event, late }) => (late === null ? event : null));
}
