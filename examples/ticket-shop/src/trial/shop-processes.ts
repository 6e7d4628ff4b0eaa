/** The shop as processes of their own: the provider, engines, and each service. Broker and Postgres are the caller's. */
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Env } from "@sluice/host/options";
import type { ServiceChannel } from "../broker.ts";
import { findFreePort } from "../free-port.ts";
import { ServerProcess } from "./server-process.ts";

const SLUICE = fileURLToPath(new URL("../../../../cli/src/main.ts", import.meta.url));
const PROVIDER = fileURLToPath(new URL("../provider/main.ts", import.meta.url));
/** Of processes that run for long: what they say is shown where they fail. */
const QUIETLY = ["--log-level", "warn", "--json"] as const;

export interface ShopProcessesOptions {
  /** The file of the app. */
  readonly app: string;
  /** All of their environment: which broker, which database. */
  readonly env: Env;
  /** The file of the provider's ledger. */
  readonly ledger: string;
}

export interface ShopProcesses {
  readonly provider: ServerProcess;
  readonly engines: readonly [ServerProcess, ServerProcess];
  readonly services: Readonly<Record<ServiceChannel, ServerProcess>>;
  /** What an engine's environment is, for `sluice audit`. */
  readonly env: Env;
  /** Stops engines and services in good order. */
  stop(): Promise<readonly Stop[]>;
  /** Ends all that still runs. */
  kill(): Promise<void>;
}

/** How a process took a SIGTERM. */
export interface Stop {
  readonly process: string;
  readonly exitCode: number | null;
  readonly tookMs: number;
}

/** Starts all of them, or leaves none behind. */
export async function startShopProcesses(options: ShopProcessesOptions): Promise<ShopProcesses> {
  const shop = await createShopProcesses(options);
  try {
    await shop.provider.start();
    // The first one makes the schemas.
    await shop.engines[0].start();
    await Promise.all([shop.engines[1], ...Object.values(shop.services)].map((each) => each.start()));
    return shop;
  } catch (error) {
    await shop.kill();
    throw error;
  }
}

export async function stopProcess(name: string, server: ServerProcess): Promise<Stop> {
  const startedAtMs = performance.now();
  const exitCode = await server.stop();
  return { process: name, exitCode, tookMs: performance.now() - startedAtMs };
}

async function createShopProcesses({ app, env, ledger }: ShopProcessesOptions): Promise<ShopProcesses> {
  const secret = randomUUID();
  const provider = await createServer(
    [PROVIDER, "--ledger", ledger],
    { ...env, SLUICE_PROVIDER_SECRET: secret },
    [],
  );
  const ours = {
    ...env,
    SLUICE_TICKET_SHOP_PROVIDER_URL: provider.url,
    SLUICE_TICKET_SHOP_PROVIDER_SECRET: secret,
  };
  const sluice = (...command: readonly string[]): Promise<ServerProcess> =>
    createServer([SLUICE, ...command, app], ours, QUIETLY);
  const engines = [await sluice("engine"), await sluice("engine")] as const;
  const services = {
    tickets: await sluice("service", "tickets"),
    orders: await sluice("service", "orders"),
    payments: await sluice("service", "payments"),
  };
  const all = [
    ...engines.map((engine, number) => [`engine ${number}`, engine] as const),
    ...Object.entries(services),
  ];
  return {
    provider,
    engines,
    services,
    env: ours,
    stop: () => Promise.all(all.map(([name, server]) => stopProcess(name, server))),
    async kill() {
      await Promise.all([provider, ...all.map(([, server]) => server)].map((each) => each.kill()));
    },
  };
}

async function createServer(
  command: readonly string[],
  env: Env,
  more: readonly string[],
): Promise<ServerProcess> {
  const port = await findFreePort();
  return new ServerProcess({ args: [...command, "--port", String(port), ...more], port, env });
}
