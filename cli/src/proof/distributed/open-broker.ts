import { join } from "node:path";
import { SILENT_LOG } from "@sluice/host/log";
import type { Env } from "@sluice/host/options";
import { resolveStackOptions, startStack } from "@sluice/host/stack";
import type { Server } from "@sluice/host/stack";
import type { OnClose } from "../closable.ts";
import type { BrokerAddress, BrokerKind } from "./broker-address.ts";

export interface Broker {
  readonly server: Server;
  readonly address: BrokerAddress;
}

/** A broker of its own, below `directory`. Nothing is installed. @throws HOST_SERVER_MISSING (unavailable) where it cannot be had */
export async function openBroker(
  kind: BrokerKind,
  { directory, env, stop }: { readonly directory: string; readonly env: Env; readonly stop: AbortSignal },
  onClose: OnClose,
): Promise<Broker> {
  const wish = { dataDirectory: join(directory, "stack"), install: false, kafkaPort: 0, rabbitmqPort: 0 };
  const stack = await startStack({
    ...resolveStackOptions(wish, env),
    names: [kind],
    skipsMissing: false,
    log: SILENT_LOG,
    progress: { say: () => {}, show: () => {}, signal: stop },
  });
  onClose(() => stack.stop());
  const [server] = stack.servers;
  if (server === undefined) throw new RangeError(`a stack of ${kind} has a server`);
  return { server, address: addressOf(kind, server) };
}

function addressOf(kind: BrokerKind, { address }: Server): BrokerAddress {
  return kind === "kafka" ? { kind, brokers: [address] } : { kind, url: address };
}
