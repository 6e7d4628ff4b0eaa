import { join, resolve } from "node:path";
import { resolveOptions } from "@sluice/host/options";
import type { Env } from "@sluice/host/options";

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
}

export interface ResolvedTicketShopOptions {
  readonly ledgerDirectory: string;
  readonly running: { readonly url: string; readonly secret: string } | undefined;
}

/** @throws HOST_BAD_OPTION (invalid) that lists every fault */
export function resolveTicketShopOptions(
  options: TicketShopOptions,
  env: Env,
  dataDirectory: string,
): ResolvedTicketShopOptions {
  return resolveOptions({ room: "ticketShop", options, env }, (read) => {
    const url = read.url("providerUrl", { optional: true, schemes: ["http", "https"] });
    return {
      ledgerDirectory: resolve(read.text("ledgerDirectory", { default: join(dataDirectory, "ticket-shop") })),
      running: url === undefined ? undefined : { url, secret: read.text("providerSecret", { secret: true }) },
    };
  });
}
