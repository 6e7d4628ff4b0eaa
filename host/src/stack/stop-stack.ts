/** Stops a stack from outside: asks the process that holds it, or ends the servers that nobody holds. */
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "@sluice/contracts/problem";
import type { DirectoryLock } from "../postgres/directory-lock.ts";
import { startTimeOf } from "../process-identity.ts";
import { ADAPTERS } from "./adapters.ts";
import { endServerIn } from "./end-server.ts";
import { SERVER_NAMES } from "./server-adapter.ts";
import type { ServerName } from "./server-adapter.ts";
import { inspectStack } from "./inspect-stack.ts";
import { stackLayoutOf } from "./stack-layout.ts";
import type { StackLayout } from "./stack-layout.ts";
import { writeStackFile } from "./stack-file.ts";
import { lockStack } from "./stack.ts";

export interface StopStackOptions {
  readonly dataDirectory: string;
  /** How long each server may take to end well. */
  readonly stopMs: number;
}

/**
 * Resolves when no server of this folder runs; the answer names those that did.
 * @throws HOST_DATA_DIRECTORY_IN_USE (conflict) when the process that holds the folder does not end
 */
export async function stopStack({ dataDirectory, stopMs }: StopStackOptions): Promise<readonly ServerName[]> {
  const layout = stackLayoutOf(dataDirectory);
  const reports = await inspectStack(dataDirectory);
  const running = reports.filter(({ state }) => state !== "stopped").map(({ name }) => name);
  const lock = await lockOrAsk(layout, stopMs * SERVER_NAMES.length);
  try {
    for (const name of SERVER_NAMES.toReversed())
      await endServerIn(ADAPTERS[name], layout.directoryOf(name), stopMs);
    await writeStackFile(layout);
    return running;
  } finally {
    await lock.release();
  }
}

const LOOK_MS = 50;

async function lockOrAsk(layout: StackLayout, waitMs: number): Promise<DirectoryLock> {
  try {
    return await lockStack(layout);
  } catch (error) {
    if (!hasCode(error, "HOST_DATA_DIRECTORY_IN_USE")) throw error;
    await askToStop(holderOf(error), waitMs);
    return lockStack(layout);
  }
}

function holderOf(error: unknown): number {
  const { fields } = Object(error) as { readonly fields?: { readonly holderPid?: number } };
  return fields?.holderPid ?? 0;
}

/** As a Ctrl-C in its terminal would; then waits until it has stopped its servers and is gone. */
async function askToStop(pid: number, waitMs: number): Promise<void> {
  const startTime = await startTimeOf(pid);
  if (pid === process.pid || startTime === undefined) return;
  process.kill(pid, "SIGTERM");
  const startedAtMs = performance.now();
  while ((await startTimeOf(pid)) === startTime && performance.now() - startedAtMs < waitMs)
    await sleep(LOOK_MS);
}
