/** Starts a server again when it dies, for who wants it to run and not to watch it die, and keeps its log within bounds. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";
import { boundLog } from "../server-process.ts";
import type { Server } from "./server.ts";

export interface KeepOptions {
  readonly log: Log;
  /** Aborted before the server is stopped on purpose. */
  readonly signal: AbortSignal;
  /** Called after each restart. */
  onRestart(): Promise<void>;
}

const LOG_CHECK_MS = 60_000;
const FIRST_PAUSE_MS = 100;
/** With growing pauses, these last some ten seconds: what has not gone away by then does not go away by itself. */
const ATTEMPTS_MAX = 7;

/** Resolves once `signal` is aborted. Fails when the server could not be started again, however often that was tried. */
export async function keepRunning(server: Server, { log, signal, onRestart }: KeepOptions): Promise<void> {
  // It also keeps our own process alive, which its children do not.
  const logCheck = setInterval(() => void boundLog(server.logFile).catch(() => {}), LOG_CHECK_MS);
  try {
    while (!signal.aborted) {
      const how = await Promise.race([server.exited(), aborted(signal)]);
      if (signal.aborted) return;
      log.warn({ server: server.name, how }, "a server died; starting it again");
      await restart(server, { log, signal });
      if (!signal.aborted) await onRestart();
    }
  } finally {
    clearInterval(logCheck);
  }
}

async function restart(server: Server, { log, signal }: Pick<KeepOptions, "log" | "signal">): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      await server.start();
      log.info({ server: server.name, pid: server.pid() }, "the server runs again");
      return;
    } catch (error) {
      if (attempt >= ATTEMPTS_MAX) throw error;
      log.warn({ server: server.name, error, attempt }, "a server did not start; trying again");
    }
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  signal.addEventListener("abort", () => resolve(undefined), { once: true });
  return promise;
}
