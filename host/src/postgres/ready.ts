/** Waiting until a server answers. */
import { setTimeout as sleep } from "node:timers/promises";
import { hostError } from "../errors.ts";
import type { Log } from "../log.ts";
import { readLogTail } from "../server-process.ts";
import type { ServerProcess } from "../server-process.ts";
import { closePostgres, openPostgres } from "./open.ts";
import { readPidFile } from "./postmaster.ts";
import type { SocketTarget } from "./url.ts";

export interface ReadyConfig {
  readonly cluster: string;
  readonly logFile: string;
  readonly target: SocketTarget;
  readonly startMs: number;
  readonly recoveryMs: number;
  readonly log: Log;
}

const FIRST_WAIT_MS = 5;
const WAIT_MS_MAX = 50;
const SAY_EVERY_MS = 5000;

/**
 * Waits until the server takes a connection. A server that says it is starting recovers from a crash: to end it then
 * would only make it begin again, so it gets `recoveryMs`, and `startMs` is for one that says nothing or does not answer.
 * @throws HOST_DATABASE_START_FAILED (unavailable) with the last lines of its log
 */
export async function waitUntilReady(
  postmaster: ServerProcess,
  config: ReadyConfig,
  stopping?: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  let saidAt = startedAt;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, WAIT_MS_MAX)) {
    stopping?.throwIfAborted();
    if (postmaster.hasExited()) throw await startFailed(config, `it ended (${await postmaster.exited})`);
    const file = await readPidFile(config.cluster);
    const state = file?.pid === postmaster.pid ? file.state : "";
    if (state === "ready" && (await answers(config))) return;
    const now = performance.now();
    const boundMs = state === "starting" ? config.recoveryMs : config.startMs;
    if (now - startedAt > boundMs) throw await startFailed(config, `it did not answer within ${boundMs} ms`);
    if (now - saidAt > SAY_EVERY_MS) {
      config.log.info(
        { state, waitedMs: Math.round(now - startedAt) },
        "waiting for the database to recover",
      );
      saidAt = now;
    }
    await sleep(waitMs);
  }
}

async function answers({ target, startMs }: ReadyConfig): Promise<boolean> {
  try {
    const sql = await openPostgres(target, {
      applicationName: "sluice-start",
      connectionsMax: 1,
      connectMs: startMs,
    });
    await closePostgres(sql, 0);
    return true;
  } catch {
    return false;
  }
}

async function startFailed({ logFile }: ReadyConfig, what: string): Promise<Error> {
  const tail = await readLogTail(logFile);
  return hostError(
    "HOST_DATABASE_START_FAILED",
    `the embedded Postgres did not start: ${what}, expected it to answer; its log ${logFile} ends with:\n${tail}`,
    { fields: { logFile } },
  );
}
