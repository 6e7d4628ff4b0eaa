/** A broker for one part of a measurement, as our stack runs it: in a folder of its own, which is removed afterwards. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { SILENT_LOG } from "@sluice/host/log";
import type { Env } from "@sluice/host/options";
import { resolveStackOptions, startStack } from "@sluice/host/stack";
import type { Stack } from "@sluice/host/stack";
import { benchFolder } from "../database/bench-folder.ts";
import type { BenchBroker } from "../measure-case.ts";
import type { BrokerName } from "../participants/participant-kind.ts";

/** A port of the system's choice: a broker of somebody else's may have the usual one. */
const ANY_PORT = { kafkaPort: 0, rabbitmqPort: 0 };

export interface WithBrokerOptions {
  readonly name: BrokerName;
  readonly env: Env;
  readonly signal: AbortSignal;
}

/** A broker, and what it says it is. */
export interface StartedBroker extends BenchBroker {
  readonly version: string;
}

/** What `work` answers, or why the broker cannot be had here. Nothing is installed. */
export async function withBroker<T>(
  { name, env, signal }: WithBrokerOptions,
  work: (broker: StartedBroker) => Promise<T>,
): Promise<T | { readonly missing: string }> {
  const directory = join(benchFolder().path, `sluice-bench-${name}-${randomUUID().slice(0, 8)}`);
  const options = resolveStackOptions({ dataDirectory: directory, install: false, ...ANY_PORT }, env);
  const progress = { say() {}, show() {}, signal };
  try {
    const stack = await startStack({
      ...options,
      names: [name],
      skipsMissing: true,
      log: SILENT_LOG,
      progress,
    });
    return await useStack(stack, work);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function useStack<T>(
  { servers, skipped, stop }: Stack,
  work: (broker: StartedBroker) => Promise<T>,
): Promise<T | { readonly missing: string }> {
  try {
    const [server] = servers;
    if (server === undefined) return { missing: skipped[0]?.reason ?? "it cannot be had here" };
    const { address, version } = server;
    return await work({ address, version, pid: server.pid() ?? null });
  } finally {
    await stop();
  }
}
