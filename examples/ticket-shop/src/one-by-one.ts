import type {
  AnyTypes,
  ParticipantTypes,
  RemoteHandlers,
  TransactionalHandlers,
} from "@sluice/engine/participant";

/**
 * Handlers of a whole batch, as those of a service, which gets its commands one at a time: the same rules and the same SQL, in the transaction
 * of the service's inbox instead of the engine's.
 */
export function oneByOne<Types extends ParticipantTypes, Transaction>(
  handlers: TransactionalHandlers<Types, Transaction>,
): RemoteHandlers<Types, Transaction> {
  const alone: Record<string, Alone<Transaction>> = {};
  for (const [type, handle] of Object.entries(handlers as TransactionalHandlers<AnyTypes, Transaction>))
    alone[type] = async (command, signal, transaction) => {
      const [answer] = (await handle?.([command], transaction, signal)) ?? [];
      if (answer === undefined) throw new Error(`the handler of ${type} gave no answer, expected one`);
      return answer;
    };
  // Each type keeps the handler that it had.
  return alone as unknown as RemoteHandlers<Types, Transaction>;
}

type Alone<Transaction> = NonNullable<RemoteHandlers<AnyTypes, Transaction>[string]>;
