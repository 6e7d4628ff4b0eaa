import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import type { TransactionalParticipant } from "../core/ports.ts";
import { requireHandler } from "./handlers.ts";
import { resolveHandleMs } from "./options.ts";
import type { AnswerTo, AnyTypes, CommandOf, CommandType, ParticipantTypes } from "./participant-types.ts";

/**
 * By command type, what carries out all commands of a batch at once: one event per command, in the same order; null where the answer
 * comes later. `transaction` is the store's own, and what is done with it is committed with the runs' transitions.
 * Commands and their data belong to the runs: read them, never change them.
 */
export type TransactionalHandlers<Types extends ParticipantTypes, Transaction> = {
  readonly [C in CommandType<Types>]?: (
    commands: readonly CommandOf<Types, C>[],
    transaction: Transaction,
    signal: AbortSignal,
  ) => Promise<readonly AnswerTo<Types, C>[]>;
};

export interface TransactionalOptions {
  /** How long one call may take, in ms; a handler that hangs is paused, since all runs of its batch wait for it. @default 5000 */
  readonly handleMs?: number;
}

type AnyTransactionalHandler = (
  commands: readonly CommandMessage[],
  transaction: unknown,
  signal: AbortSignal,
) => Promise<readonly (EventMessage | null)[]>;

/**
 * A participant whose tables share the store's database. Its effect happens exactly once, without an inbox: a handler that throws is
 * undone, and a group that fails is halved until the bad commands stand alone.
 *
 * ```ts
 * transactional<FlowTypes<typeof purchase>, TransactionSql>("tickets", {
 *   IssueTicket: (commands, sql) => issueTickets(sql, commands),
 * });
 * ```
 * @throws FLOW_BAD_OPTION (invalid)
 */
export function transactional<Types extends ParticipantTypes = AnyTypes, Transaction = unknown>(
  channel: string,
  handlers: TransactionalHandlers<Types, Transaction>,
  options: TransactionalOptions = {},
): TransactionalParticipant {
  // The types have done their work: a command reaches the handler of its own type only.
  const byType = handlers as unknown as Readonly<Record<string, AnyTransactionalHandler | undefined>>;
  return {
    channel,
    commandTypes: Object.keys(byType),
    handleMs: resolveHandleMs(channel, options.handleMs),
    handle: async (type, commands, transaction, signal) =>
      requireHandler(byType, type)(commands, transaction, signal),
  };
}
