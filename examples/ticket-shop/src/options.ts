import { join, resolve } from "node:path";
import { resolveOptions } from "@sluice/host/options";
import type { Env, OptionReader } from "@sluice/host/options";
import type { ShopBroker } from "./broker.ts";

/** Options of the shop. Its payment provider has its own: src/provider/options.ts. */
export interface TicketShopOptions {
  /** Where the provider that the shop starts keeps its ledgers. `SLUICE_TICKET_SHOP_LEDGER_DIRECTORY`. @default `ticket-shop` in the data directory */
  readonly ledgerDirectory?: string | undefined;
  /**
   * A provider that runs already; needed where engines of one deployment run on several machines, since a provider knows only
   * the charges of its own ledger. `SLUICE_TICKET_SHOP_PROVIDER_URL`. @default the shop starts one
   */
  readonly providerUrl?: string | undefined;
  /** What that provider signs callbacks with. `SLUICE_TICKET_SHOP_PROVIDER_SECRET`. @default a new one for the provider that the shop starts */
  readonly providerSecret?: string | undefined;
  /**
   * Where tickets, orders and payments are carried out: `local`, by the engine, or by the services of the app, reached over `kafka` or
   * `rabbitmq`. Over these engines are several, so the provider has to run already. `SHOP_TRANSPORT`. @default "local"
   */
  readonly transport?: string | undefined;
  /** Of Kafka: some of its brokers, `host:port` with commas between them. `SHOP_BROKERS`. */
  readonly brokers?: string | undefined;
  /** Of RabbitMQ: `amqp://user:password@host:5672`. `SHOP_RABBITMQ_URL`. */
  readonly rabbitmqUrl?: string | undefined;
}

export interface ResolvedTicketShopOptions {
  readonly ledgerDirectory: string;
  readonly running: { readonly url: string; readonly secret: string } | undefined;
  /** Undefined: the engine carries everything out itself. */
  readonly broker: ShopBroker | undefined;
}

/** @throws HOST_BAD_OPTION (invalid) that lists every fault */
export function resolveTicketShopOptions(
  options: TicketShopOptions,
  env: Env,
  dataDirectory: string,
): ResolvedTicketShopOptions {
  return resolveOptions({ room: "ticketShop", options, env }, (read) => {
    const transport = read.oneOf("transport", ["local", ...BROKERS], {
      default: "local",
      variable: "SHOP_TRANSPORT",
    });
    const broker = transport === "local" ? undefined : readBroker(read, transport);
    const url =
      broker === undefined ? read.url("providerUrl", { optional: true, ...HTTP }) : readProvider(read);
    return {
      ledgerDirectory: resolve(read.text("ledgerDirectory", { default: join(dataDirectory, "ticket-shop") })),
      running: url === undefined ? undefined : { url, secret: read.text("providerSecret", { secret: true }) },
      broker,
    };
  });
}

/** What a service in a process of its own has to know: where its commands come from. @throws HOST_BAD_OPTION (invalid) that lists every fault */
export function resolveServiceOptions(env: Env): { readonly broker: ShopBroker } {
  return resolveOptions({ room: "ticketShop", options: NONE, env }, (read) => ({
    broker: requireBroker(read),
  }));
}

/** The same of the one that speaks to the provider. @throws HOST_BAD_OPTION (invalid) that lists every fault */
export function resolvePaymentsOptions(env: Env): {
  readonly broker: ShopBroker;
  readonly providerUrl: string;
} {
  return resolveOptions({ room: "ticketShop", options: NONE, env }, (read) => ({
    providerUrl: readProvider(read),
    broker: requireBroker(read),
  }));
}

type Reader = OptionReader<TicketShopOptions>;

const NONE: TicketShopOptions = {};
const BROKERS = ["kafka", "rabbitmq"] as const;
const HTTP = { schemes: ["http", "https"] };
const AMQP = { schemes: ["amqp", "amqps"] };

function requireBroker(read: Reader): ShopBroker {
  return readBroker(read, read.oneOf("transport", BROKERS, { variable: "SHOP_TRANSPORT" }));
}

function readBroker(read: Reader, kind: ShopBroker["kind"]): ShopBroker {
  switch (kind) {
    case "kafka":
      return { kind, brokers: read.text("brokers", { variable: "SHOP_BROKERS" }).split(/\s*,\s*/) };
    case "rabbitmq":
      return { kind, url: read.url("rabbitmqUrl", { variable: "SHOP_RABBITMQ_URL", secret: true, ...AMQP }) };
  }
}

/** A provider knows only the charges of its own ledger, so engines that are several must not start one each. */
function readProvider(read: Reader): string {
  return read.url("providerUrl", HTTP);
}
