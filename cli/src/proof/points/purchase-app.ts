/** The purchase with those who carry out its commands, each attempt of which goes well: what goes wrong here is what the acts do. */
import type { CommandMessage } from "@sluice/contracts/envelope";
import type { TransactionalParticipant } from "@sluice/engine";
import { httpTransport } from "@sluice/engine/http";
import { local, transactional } from "@sluice/engine/participant";
import type { AnyTypes, LocalHandlers, TransactionalHandlers } from "@sluice/engine/participant";
import type { Sql, TransactionSql } from "@sluice/host/postgres";
import { defineApp } from "../../app.ts";
import type { SluiceApp } from "../../app.ts";
import { carryOut } from "../storm/participants/memorable.ts";
import { postgresInbox } from "../storm/participants/postgres-inbox.ts";
import { replyTo } from "../storm/participants/reply.ts";
import { addToTally } from "../storm/participants/store/add-to-tally.ts";
import { insertEffects } from "../storm/participants/store/insert-effects.ts";
import { LOCAL_CHANNEL, REMOTE_CHANNEL } from "../storm/storm-app.ts";
import type { CallCounter } from "./call-counter.ts";
import { countedParticipant, countedTransport } from "./call-counter.ts";
import { PURCHASE_FLOWS, STOCK_CHANNEL } from "./purchase-flow.ts";

/** Names the schema of the participants' tables too. */
const APP_NAME = "proof";

export interface PurchaseAppParts {
  readonly seed: number;
  readonly participantsUrl: string;
  readonly counter: CallCounter;
}

export function purchaseApp({ seed, participantsUrl, counter }: PurchaseAppParts): SluiceApp {
  return defineApp({
    name: APP_NAME,
    flows: PURCHASE_FLOWS.flatMap(({ versions }) => versions),
    migrations: new URL("../storm/migrations/", import.meta.url),
    open: async ({ sql }) => ({
      participants: [
        countedParticipant(stockParticipant(seed), counter),
        countedTransport(local(LOCAL_CHANNEL, chargeHandlers(seed, sql)), counter),
        countedTransport(
          httpTransport({ channel: REMOTE_CHANNEL, url: `${participantsUrl}/${REMOTE_CHANNEL}` }),
          counter,
        ),
      ],
    }),
  });
}

/** With an inbox in the database. */
export function chargeHandlers(seed: number, sql: Sql): LocalHandlers<AnyTypes> {
  const inbox = postgresInbox(sql);
  const handle = (command: CommandMessage) => {
    const work = (transaction: TransactionSql) =>
      carryOut(command, { seed, channel: LOCAL_CHANNEL, sql: transaction });
    const { commandId, undoes } = command;
    return undoes === undefined ? inbox.once(commandId, work) : inbox.undo(commandId, undoes, work);
  };
  return { Charge: handle, UndoCharge: handle } as LocalHandlers<AnyTypes>;
}

/** In the batch's transaction. */
export function stockParticipant(seed: number): TransactionalParticipant {
  const handle = async (commands: readonly CommandMessage[], sql: TransactionSql) => {
    const undos = commands.filter(({ undoes }) => undoes !== undefined).length;
    await insertEffects(sql, STOCK_CHANNEL, commands);
    await addToTally(sql, { effects: commands.length - undos, undos });
    return commands.map((command) => replyTo(seed, command).event);
  };
  const handlers = { Reserve: handle, UndoReserve: handle };
  return transactional(STOCK_CHANNEL, handlers as TransactionalHandlers<AnyTypes, TransactionSql>);
}
