/** Participants beyond the batch's transaction: with a memory in their own tables, or with none. */
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import type { Transport } from "@sluice/engine";
import { local } from "@sluice/engine/participant";
import type { AnyTypes, LocalHandlers, RemoteHandlers } from "@sluice/engine/participant";
import type { Sql, TransactionSql } from "@sluice/host/postgres";
import type { AnySql } from "./any-sql.ts";
import { misbehave } from "./mischief.ts";
import { postgresInbox } from "./postgres-inbox.ts";
import { replyTo } from "./reply.ts";
import { insertEffects } from "./store/insert-effects.ts";
import { insertOwed } from "./store/insert-owed.ts";

interface DoneIn {
  readonly seed: number;
  readonly channel: string;
  /** The transaction of the inbox, or a pool where there is none. */
  readonly sql: AnySql;
}

/** The effect, and the answer; null when it comes later or there is none. */
export async function carryOut(
  command: CommandMessage,
  { seed, channel, sql }: DoneIn,
): Promise<EventMessage | null> {
  const { commandId, runId } = command;
  const { event, late } = replyTo(seed, command);
  await insertEffects(sql, channel, [command]);
  if (late === null) return event;
  await insertOwed(sql, [{ commandId, runId, ...late }]);
  return null;
}

/** In the process of the engine, with an inbox. */
export function localParticipant(
  channel: string,
  types: readonly string[],
  { seed, sql }: { readonly seed: number; readonly sql: Sql },
): Transport {
  const inbox = postgresInbox(sql);
  const handle = (command: CommandMessage, signal: AbortSignal) =>
    misbehave(seed, command, signal, () => {
      const work = (transaction: TransactionSql) => carryOut(command, { seed, channel, sql: transaction });
      const { commandId, undoes } = command;
      return undoes === undefined ? inbox.once(commandId, work) : inbox.undo(commandId, undoes, work);
    });
  return local(channel, byType(types, handle) as unknown as LocalHandlers<AnyTypes>);
}

/** In a process of its own, within the transaction of its inbox. What goes wrong with the delivery is not its affair. */
export function remoteHandlers(
  channel: string,
  types: readonly string[],
  seed: number,
): RemoteHandlers<AnyTypes, TransactionSql> {
  const handle = (command: CommandMessage, _signal: AbortSignal, transaction: TransactionSql) =>
    carryOut(command, { seed, channel, sql: transaction });
  return byType(types, handle) as unknown as RemoteHandlers<AnyTypes, TransactionSql>;
}

/** In a process of its own, and without a memory. It answers at once: it could not know what it still owes. */
export function forgetfulHandlers(
  channel: string,
  types: readonly string[],
  { seed, sql }: { readonly seed: number; readonly sql: Sql },
): RemoteHandlers<AnyTypes, undefined> {
  const handle = async (command: CommandMessage): Promise<EventMessage | null> => {
    await insertEffects(sql, channel, [command]);
    return replyTo(seed, command).event;
  };
  return byType(types, handle) as unknown as RemoteHandlers<AnyTypes, undefined>;
}

function byType<Handler>(types: readonly string[], handler: Handler): Record<string, Handler> {
  return Object.fromEntries(types.map((type) => [type, handler]));
}
