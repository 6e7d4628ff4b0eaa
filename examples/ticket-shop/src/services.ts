/**
 * The shop's participants as processes of their own: `sluice service tickets examples/ticket-shop/src/app.ts`.
 * V1  Tickets and orders are written in the transaction in which the answer is kept, so a command that comes again changes nothing.
 * V2  The inbox of a service is in its own schema; the tables that it writes are the shop's, where the shop's pages and its audit read them.
 * V3  The provider knows the orders it has charged and refunded, so what is asked of it again needs no inbox that lasts.
 */
import type { AppService, OpenService, ServiceContext } from "@sluice/cli/app";
import type { CommandMessage, EventMessage } from "@sluice/contracts/envelope";
import { CodedError } from "@sluice/contracts/problem";
import type { Transport } from "@sluice/engine";
import { httpTransport } from "@sluice/engine/http";
import { memoryInbox, serveCommands } from "@sluice/engine/participant";
import type { ParticipantTypes, TransactionalHandlers } from "@sluice/engine/participant";
import { postgresInbox, postgresInboxMigrations } from "@sluice/engine/postgres-inbox";
import type { TransactionSql } from "@sluice/host/postgres";
import { brokerCommands } from "./broker.ts";
import type { ServiceChannel } from "./broker.ts";
import { oneByOne } from "./one-by-one.ts";
import { resolvePaymentsOptions, resolveServiceOptions } from "./options.ts";
import { orderHandlers } from "./orders.ts";
import { ticketHandlers } from "./tickets.ts";

export const shopServices: Readonly<Record<ServiceChannel, AppService>> = {
  tickets: keeping("tickets", ticketHandlers),
  orders: keeping("orders", orderHandlers),
  payments: { open: openPayments },
};

/** A command under way takes a connection of the pool, which has ten; one is for whatever else there is to do. */
const CONCURRENCY_MAX = 9;

/** A service that keeps what it does in the database. */
function keeping<Types extends ParticipantTypes>(
  channel: ServiceChannel,
  handlers: TransactionalHandlers<Types, TransactionSql>,
): AppService {
  return {
    migrations: postgresInboxMigrations.directory,
    async open({ openSql, env, keptDays }): Promise<OpenService> {
      const { broker } = resolveServiceOptions(env);
      const inbox = postgresInbox(await openSql(), { schema: channel, keptDays });
      return {
        serve: (ports) =>
          serveCommands<Types, TransactionSql>({
            source: brokerCommands(broker, channel, ports),
            inbox,
            handlers: oneByOne(handlers),
            concurrencyMax: CONCURRENCY_MAX,
            ...ports,
          }),
      };
    },
  };
}

/** Shorter than a handler may take, so that the provider's silence is what is told. */
const ASK_MS = 4_000;

/** Passes commands on to the provider, who speaks HTTP only. */
async function openPayments({ env }: ServiceContext): Promise<OpenService> {
  const { broker, providerUrl } = resolvePaymentsOptions(env);
  const provider = httpTransport({
    channel: "payments",
    url: `${providerUrl}/commands`,
    attemptMs: ASK_MS,
  });
  const ask = (command: CommandMessage, signal: AbortSignal) => askProvider(provider, command, signal);
  return {
    serve: (ports) =>
      serveCommands({
        source: brokerCommands(broker, "payments", ports),
        inbox: memoryInbox(),
        handlers: { CheckPayment: ask, RefundPayment: ask },
        ...ports,
      }),
    close: async () => provider.stop?.(),
  };
}

/** @throws what the provider's answer means, with its code and kind */
async function askProvider(
  provider: Transport,
  command: CommandMessage,
  signal: AbortSignal,
): Promise<EventMessage | null> {
  const [settlement] = await provider.send([command], signal);
  if (settlement?.type === "answered") return settlement.event;
  if (settlement?.type !== "failed") return null;
  const { code, kind, message, retryAfterMs } = settlement.error;
  throw new CodedError(code, kind, message, retryAfterMs === undefined ? {} : { retryAfterMs });
}
