/**
 * Keeps the server running. Owns: the current server process.
 * V1  A server that dies while we run is started again, with growing pauses, at most `restartsMax` failures in a row.
 * V2  After `stop` no server is left and none is started.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../log.ts";
import { boundLog } from "../server-process.ts";
import type { ServerProcess } from "../server-process.ts";
import type { ResolvedEmbeddedOptions } from "./embedded-options.ts";
import { startPostmaster, stopPostmaster } from "./postmaster.ts";
import type { StartConfig } from "./postmaster.ts";
import { waitUntilReady } from "./ready.ts";
import type { ReadyConfig } from "./ready.ts";

export interface Supervisor {
  pid(): number | undefined;
  stop(): Promise<void>;
}

export interface SupervisorConfig {
  readonly start: StartConfig;
  readonly ready: ReadyConfig;
  readonly options: Pick<ResolvedEmbeddedOptions, "stopMs" | "restartsMax">;
  readonly log: Log;
  readonly onFailure: (error: Error) => void;
}

const FIRST_PAUSE_MS = 50;
const PAUSE_MS_MAX = 5000;
const LOG_CHECK_MS = 60_000;

export function supervise(first: ServerProcess, config: SupervisorConfig): Supervisor {
  const { log, options } = config;
  const stopping = new AbortController();
  let current: ServerProcess | undefined = first;

  const keepRunning = async (): Promise<void> => {
    while (current !== undefined) {
      const how = await current.exited;
      if (stopping.signal.aborted) return;
      log.error({ pid: current.pid, how }, "the database died; starting it again");
      current = undefined;
      current = await restart(config, stopping.signal);
    }
  };
  const kept = keepRunning().catch((error: unknown) => {
    log.error({ error }, "the database could not be started again");
    config.onFailure(error instanceof Error ? error : new Error(String(error)));
  });
  const logCheck = setInterval(() => {
    boundLog(config.start.logFile).catch((error: unknown) =>
      log.warn({ error }, "the database's log cannot be cut"),
    );
  }, LOG_CHECK_MS);
  logCheck.unref();

  return {
    pid: () => (current === undefined || current.hasExited() ? undefined : current.pid),
    async stop() {
      stopping.abort();
      clearInterval(logCheck);
      if (current !== undefined && !(await stopPostmaster(current, options.stopMs))) {
        log.warn(
          { stopMs: options.stopMs },
          "the database did not stop in time; it recovers at its next start",
        );
      }
      await kept;
    },
  };
}

/** A new server that answers, or `undefined` when we are stopping. The failure after `restartsMax` is thrown. */
async function restart(config: SupervisorConfig, stopping: AbortSignal): Promise<ServerProcess | undefined> {
  for (let failures = 0; ; failures += 1) {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** failures, PAUSE_MS_MAX);
    await sleep(pauseMs, undefined, { signal: stopping, ref: false }).catch(() => {});
    if (stopping.aborted) return undefined;
    const postmaster = await startPostmaster(config.start);
    try {
      await waitUntilReady(postmaster, config.ready, stopping);
      config.log.info({ pid: postmaster.pid }, "the database runs again");
      return postmaster;
    } catch (error) {
      await stopPostmaster(postmaster, 0);
      if (stopping.aborted) return undefined;
      if (failures >= config.options.restartsMax) throw error;
      config.log.warn({ error, failures: failures + 1 }, "the database did not start; trying again");
    }
  }
}
