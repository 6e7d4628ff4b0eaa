/**
 * The embedded Postgres. Owns: one data directory (through its lock), the server process in it, and the server's life.
 * E1  One Sluice per data directory; the server itself may outlive a killed Sluice and is then adopted by the next.
 * E2  A cluster exists whole or not at all; a start that fails leaves the directory as it was.
 * E3  While we run, a server that dies is started again; after `stop` none is left running.
 * E4  Durable: fsync is on, always.
 */
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { hostError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { ServerProcess } from "../server-process.ts";
import { findBinaries, programOf } from "./binaries.ts";
import type { Binaries } from "./binaries.ts";
import { prepareDataDirectory, toUnusable } from "./data-directory.ts";
import { lockDirectory } from "./directory-lock.ts";
import type { DirectoryLock } from "./directory-lock.ts";
import { resolveEmbeddedOptions } from "./embedded-options.ts";
import type { EmbeddedOptions, ResolvedEmbeddedOptions } from "./embedded-options.ts";
import { CLUSTER_USER, ensureCluster } from "./initdb.ts";
import { DATABASE, SOCKET_PORT, isOutside, layoutOf } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { closePostgres, openPostgres } from "./open.ts";
import { serverUser } from "./os-user.ts";
import type { OsUser } from "./os-user.ts";
import {
  findPostmaster,
  findRunning,
  readStartedWith,
  startPostmaster,
  startedWith,
  stopPostmaster,
} from "./postmaster.ts";
import type { StartConfig } from "./postmaster.ts";
import { waitUntilReady } from "./ready.ts";
import type { ReadyConfig } from "./ready.ts";
import { serverArguments } from "./server-settings.ts";
import { supervise } from "./supervisor.ts";
import { socketPath } from "./url.ts";
import type { SocketTarget } from "./url.ts";

export interface StartEmbeddedOptions extends EmbeddedOptions {
  readonly dataDirectory: string;
  readonly log: Log;
  /** Called once when the server died and could not be started again: time to end the process. */
  readonly onFailure?: (error: Error) => void;
}

export interface EmbeddedPostgres {
  readonly target: SocketTarget;
  /** With `tcpPort`: a URL with a password that is new at each start. */
  readonly tcpUrl: string | undefined;
  readonly dataDirectory: string;
  /** The running server's own: `18.4`. */
  readonly version: string;
  /** Whether the server was running already, left by a process of ours that was killed. */
  readonly isAdopted: boolean;
  /** The server's process id; `undefined` while it is being started again. */
  pid(): number | undefined;
  /** Ends the server and frees the directory; a second call waits for the first. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded Postgres, or adopts one that a killed process left running.
 * @throws HOST_DATA_DIRECTORY_UNUSABLE (invalid), HOST_DATA_DIRECTORY_IN_USE (conflict), HOST_BAD_OPTION (invalid),
 *   HOST_DATABASE_START_FAILED (unavailable)
 */
export async function startEmbeddedPostgres(options: StartEmbeddedOptions): Promise<EmbeddedPostgres> {
  const { log, onFailure, ...rest } = options;
  const resolved = resolveEmbeddedOptions(rest, {});
  requirePlatform();
  const layout = layoutOf(resolved.dataDirectory);
  const user = serverUser(layout.cluster);
  await prepareDataDirectory(layout, user, resolved.freeBytesMin);
  const lock = await lockDirectory(layout.root, layout.lockFile).catch((error: unknown) => {
    throw toUnusable(layout.root, error);
  });
  try {
    return await startLocked(
      { layout, user, options: resolved, log, onFailure: onFailure ?? (() => {}) },
      lock,
    );
  } catch (error) {
    await lock.release();
    throw error;
  }
}

interface LockedStart {
  readonly layout: Layout;
  readonly user: OsUser | undefined;
  readonly options: ResolvedEmbeddedOptions;
  readonly log: Log;
  readonly onFailure: (error: Error) => void;
}

async function startLocked(config: LockedStart, lock: DirectoryLock): Promise<EmbeddedPostgres> {
  const { layout, user, options, log, onFailure } = config;
  const binaries = await findBinaries(user);
  await ensureCluster(layout.cluster, binaries, user);
  const start = startConfigOf(layout, binaries, user, options);
  const target = targetOf(layout.socketDirectory, options);
  const { startMs, recoveryMs } = options;
  const ready: ReadyConfig = {
    cluster: layout.cluster,
    logFile: layout.logFile,
    target,
    log,
    startMs,
    recoveryMs,
  };
  const first = await startOrAdopt(start, ready, options.stopMs, log);
  const supervisor = supervise(first, { start, ready, options, log, onFailure });
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    if (isOutside(layout)) await rm(layout.socketDirectory, { recursive: true, force: true });
    await lock.release();
  };

  let stopping: Promise<void> | undefined;
  try {
    return {
      target,
      ...(await settle(target, options.tcpPort)),
      dataDirectory: layout.root,
      isAdopted: first.isAdopted,
      pid: () => supervisor.pid(),
      stop: () => (stopping ??= stop()),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function requirePlatform(): void {
  if (process.platform === "linux" || process.platform === "darwin") return;
  throw hostError(
    "HOST_DATABASE_START_FAILED",
    `there is no embedded Postgres for ${process.platform}, expected linux or darwin; name a server with SLUICE_DATABASE_URL`,
  );
}

function startConfigOf(
  layout: Layout,
  binaries: Binaries,
  user: OsUser | undefined,
  { connectionsMax, tcpPort }: ResolvedEmbeddedOptions,
): StartConfig {
  const { cluster, socketDirectory, logFile } = layout;
  const args = serverArguments({
    cluster,
    socketDirectory,
    socketPort: SOCKET_PORT,
    connectionsMax,
    tcpPort,
  });
  const socketFile = socketPath({ socketDirectory, port: tcpPort ?? SOCKET_PORT });
  return { program: programOf(binaries, "postgres"), args, cluster, socketFile, logFile, user };
}

function targetOf(socketDirectory: string, { tcpPort }: ResolvedEmbeddedOptions): SocketTarget {
  return { socketDirectory, port: tcpPort ?? SOCKET_PORT, user: CLUSTER_USER, database: DATABASE };
}

/** Each start that fails because another server has come up meanwhile is followed by a look at that one. */
const STARTS_MAX = 3;

/**
 * A process that was killed right after it had started a server leaves one that is not to be seen for some
 * milliseconds: ours then finds the cluster taken, and the other one is adopted after all.
 */
async function startOrAdopt(
  start: StartConfig,
  ready: ReadyConfig,
  stopMs: number,
  log: Log,
): Promise<ServerProcess> {
  for (let starts = 1; ; starts += 1) {
    const adopted = await adopt(start, ready, stopMs, log);
    if (adopted !== undefined) return adopted;
    try {
      return await startAndWait(start, ready);
    } catch (error) {
      if (starts >= STARTS_MAX || (await findRunning(start.cluster)) === undefined) throw error;
    }
  }
}

async function adopt(
  start: StartConfig,
  ready: ReadyConfig,
  stopMs: number,
  log: Log,
): Promise<ServerProcess | undefined> {
  const running = await findPostmaster(start.cluster);
  if (running === undefined) return undefined;
  if (await isUsable(running, start, ready)) {
    log.info({ pid: running.pid }, "adopted the database that an earlier process left running");
    return running;
  }
  log.warn({ pid: running.pid }, "replacing a database that was started otherwise or does not answer");
  await stopPostmaster(running, stopMs);
  return undefined;
}

/** Another program or other settings (an upgrade, a changed option) take effect only with a new server. */
async function isUsable(running: ServerProcess, start: StartConfig, ready: ReadyConfig): Promise<boolean> {
  if ((await readStartedWith(start.cluster)) !== startedWith(start.program, start.args)) return false;
  return waitUntilReady(running, ready).then(
    () => true,
    () => false,
  );
}

/** Starts the server and waits until it answers; one that does not is ended again. */
async function startAndWait(start: StartConfig, ready: ReadyConfig): Promise<ServerProcess> {
  const postmaster = await startPostmaster(start);
  try {
    await waitUntilReady(postmaster, ready);
    return postmaster;
  } catch (error) {
    await stopPostmaster(postmaster, 0);
    throw error;
  }
}

/** The first words with a server that answers. Nothing is kept that could be stolen: who wants the TCP port is told a password of this start. */
async function settle(
  target: SocketTarget,
  tcpPort: number | undefined,
): Promise<Pick<EmbeddedPostgres, "version" | "tcpUrl">> {
  const sql = await openPostgres(target, { applicationName: "sluice-start", connectionsMax: 1 });
  try {
    const [row] = await sql<{ version: string }[]>`select current_setting('server_version') as version`;
    const version = row?.version ?? "unknown";
    if (tcpPort === undefined) return { version, tcpUrl: undefined };
    const password = randomBytes(18).toString("base64url");
    await sql.unsafe(`alter role ${CLUSTER_USER} password '${password}'`);
    return {
      version,
      tcpUrl: `postgres://${CLUSTER_USER}:${password}@127.0.0.1:${tcpPort}/${target.database}`,
    };
  } finally {
    await closePostgres(sql);
  }
}
