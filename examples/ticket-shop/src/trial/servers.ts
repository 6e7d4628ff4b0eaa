/** A broker and a Postgres of the trial's own, in a folder that is removed afterwards. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SILENT_LOG } from "@sluice/host/log";
import type { Env } from "@sluice/host/options";
import { resolveStackOptions, startStack } from "@sluice/host/stack";
import type { ServerName, Stack } from "@sluice/host/stack";
import type { ShopBroker } from "../broker.ts";

export interface TrialServers {
  readonly broker: ShopBroker;
  readonly databaseUrl: string;
  /** `kafka 4.1.0`, `postgres 18.4`. */
  readonly versions: readonly string[];
  readonly folder: string;
  stop(): Promise<void>;
}

export interface StartServersOptions {
  readonly kind: ShopBroker["kind"];
  readonly env: Env;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Installs what is missing, and takes ports that are free. @throws as `startStack` */
export async function startServers({ kind, env, say, signal }: StartServersOptions): Promise<TrialServers> {
  // Made by the stack, so that the users of its servers can enter it.
  const folder = join(tmpdir(), `sluice-trial-${randomUUID().slice(0, 8)}`);
  const wishes = { dataDirectory: folder, kafkaPort: 0, rabbitmqPort: 0, postgresPort: 0 };
  try {
    const stack = await startStack({
      ...resolveStackOptions(wishes, env),
      names: [kind, "postgres"],
      skipsMissing: false,
      log: SILENT_LOG,
      progress: { say, show: () => {}, signal },
    });
    return {
      broker: toBroker(kind, addressOf(stack, kind)),
      databaseUrl: addressOf(stack, "postgres"),
      versions: stack.servers.map(({ name, version }) => `${name} ${version}`),
      folder,
      async stop() {
        await stack.stop();
        await removeFolder(folder);
      },
    };
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
}

/** What a server has started may write its last words after it. */
function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** How processes of the shop are told of it. */
export function environmentOf(broker: ShopBroker): Env {
  switch (broker.kind) {
    case "kafka":
      return { SHOP_TRANSPORT: "kafka", SHOP_BROKERS: broker.brokers.join(",") };
    case "rabbitmq":
      return { SHOP_TRANSPORT: "rabbitmq", SHOP_RABBITMQ_URL: broker.url };
  }
}

function toBroker(kind: ShopBroker["kind"], address: string): ShopBroker {
  return kind === "kafka" ? { kind, brokers: [address] } : { kind, url: address };
}

function addressOf({ servers }: Stack, wanted: ServerName): string {
  const server = servers.find(({ name }) => name === wanted);
  if (server === undefined) throw new Error(`the stack has started without ${wanted}`);
  return server.address;
}
