/**
 * The ticket shop as an application of Sluice: `sluice up examples/ticket-shop/src/app.ts`.
 *
 * | channel | commands | carried out by | with `SHOP_TRANSPORT=kafka` or `rabbitmq` |
 * | --- | --- | --- | --- |
 * | tickets | IssueTicket, VoidTicket, StopSales, ListTickets, VoidTickets | tickets.ts, in the engine's transaction | the service `tickets` |
 * | orders | CloseOrder | orders.ts, in the engine's transaction | the service `orders` |
 * | payments | CheckPayment, RefundPayment | the provider, another process, over HTTP | the service `payments`, which asks the provider |
 * | reports | WriteReport | reports.ts, in the engine's transaction | the same |
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { defineApp } from "@sluice/cli/app";
import type { AppContext, OpenApp, SluiceApp } from "@sluice/cli/app";
import type { FlowDefinition, FlowTypes } from "@sluice/engine/definition";
import { httpTransport } from "@sluice/engine/http";
import { transactional } from "@sluice/engine/participant";
import type { TransactionSql } from "@sluice/host/postgres";
import { createAudits } from "./audits.ts";
import { brokerTransports } from "./broker.ts";
import { shopFlows } from "./flows.ts";
import { findFreePort } from "./free-port.ts";
import { resolveTicketShopOptions } from "./options.ts";
import type { ResolvedTicketShopOptions, TicketShopOptions } from "./options.ts";
import { orderHandlers } from "./orders.ts";
import { PaymentReturns } from "./payment-returns.ts";
import { Payments } from "./payments.ts";
import type { PaymentProvider } from "./payments.ts";
import { ProviderChild } from "./provider/child.ts";
import type { nightlyReport } from "./nightly-report.flow.ts";
import { writeReports } from "./reports.ts";
import { shopRoutes } from "./routes.ts";
import { shopServices } from "./services.ts";
import { getMerchant } from "./store/get-merchant.ts";
import { ticketHandlers } from "./tickets.ts";

/** The shop with the flows of the README. */
export const app = createTicketShop();

/** The shop, with other durations perhaps: a test does not wait two minutes for an order to expire. */
export function createTicketShop(
  flows: readonly FlowDefinition[] = shopFlows(),
  options: TicketShopOptions = {},
): SluiceApp {
  return defineApp({
    name: "ticket-shop",
    flows,
    migrations: new URL("../migrations/", import.meta.url),
    open: (context) => open(context, resolveTicketShopOptions(options, context.env, context.dataDirectory)),
    services: shopServices,
  });
}

async function open(context: AppContext, options: ResolvedTicketShopOptions): Promise<OpenApp> {
  const { sql, log, baseUrl, stop } = context;
  const provider = await openProvider(context, options);
  const payments = new Payments({ sql, provider, callbackUrl: `${baseUrl}/shop/callbacks/payments` });
  const returns = new PaymentReturns({ sql, log });
  const { broker } = options;
  const audits = createAudits({
    sql,
    readLedger: () => payments.readLedger(),
    areServicesAhead: broker !== undefined,
  });
  return {
    participants: [
      ...(broker === undefined ? ownParticipants(provider) : brokerTransports(broker, context)),
      transactional<FlowTypes<typeof nightlyReport>, TransactionSql>("reports", {
        WriteReport: writeReports,
      }),
    ],
    routes(client) {
      // Here, since whoever only wants the audits opens the shop as well.
      returns.start(client, stop);
      return shopRoutes({ sql, client, payments, audits, stop });
    },
    audits,
    links: [
      { name: "ticket shop", url: `${baseUrl}/shop/concerts` },
      { name: "payment provider", url: `${provider.url}/docs` },
    ],
    async close() {
      await returns.stop();
      await payments.close();
      await provider.stop();
    },
  };
}

function ownParticipants(provider: OpenProvider): OpenApp["participants"] {
  return [
    transactional("tickets", ticketHandlers),
    transactional("orders", orderHandlers),
    // The provider starts with the engine, or when it is first needed; not because somebody opens the shop.
    {
      ...httpTransport({ channel: "payments", url: `${provider.url}/commands` }),
      start: () => startPatiently(provider),
      health: () => provider.health(),
    },
  ];
}

/** How long the engine waits for its provider. */
const PATIENCE_MS = 5_000;

/** Without a provider the shop still sells: orders wait for it. So one that is slow, or cannot be started yet, holds nobody up. */
async function startPatiently(provider: OpenProvider): Promise<void> {
  const patience = new AbortController();
  const started = provider.start().catch(() => {});
  await Promise.race([started, sleep(PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
}

interface OpenProvider extends PaymentProvider {
  stop(): Promise<void>;
  /** True while it runs, as far as that is ours to see to; otherwise why not. */
  health(): true | string;
}

/** The provider that runs already, or one of our own that waits to be started. */
async function openProvider(context: AppContext, options: ResolvedTicketShopOptions): Promise<OpenProvider> {
  if (options.running !== undefined)
    return { ...options.running, start: async () => {}, stop: async () => {}, health: () => true };
  const secret = randomBytes(32).toString("hex");
  const ledger = join(options.ledgerDirectory, `${await getMerchant(context.sql)}.ledger`);
  // The URL must be known before the provider is started, and stays the same when it is started again.
  const child = new ProviderChild({
    port: await findFreePort(),
    ledger,
    secret,
    env: context.env,
    log: context.log,
  });
  return {
    url: child.url,
    secret,
    start: () => child.start(),
    stop: () => child.stop(),
    health: () => child.health(),
  };
}
