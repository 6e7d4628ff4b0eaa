/**
 * The servers of a stack together. Owns: the stack's folder (through its lock) and `stack.json` in it.
 * T1  Either all that were asked for serve, but for those that may be skipped, or none is left running.
 * T2  `stack.json` tells of the servers that have answered, and is gone once none runs in the folder.
 */
import { hasCode } from "@sluice/contracts/problem";
import { makeFolders, toUnusable } from "../data-folder.ts";
import type { Log } from "../log.ts";
import { lockDirectory } from "../postgres/directory-lock.ts";
import type { DirectoryLock } from "../postgres/directory-lock.ts";
import { ADAPTERS } from "./adapters.ts";
import { obtainServer } from "./obtain.ts";
import type { ResolvedStackOptions } from "./options.ts";
import type { InstalledServer, Progress, ServerName } from "./server-adapter.ts";
import { FOLDER_REMEDY } from "./server-folder.ts";
import { startServer } from "./server.ts";
import type { Server } from "./server.ts";
import { writeStackFile } from "./stack-file.ts";
import { stackLayoutOf } from "./stack-layout.ts";
import type { StackLayout } from "./stack-layout.ts";

export interface StartStackOptions extends ResolvedStackOptions {
  readonly names: readonly ServerName[];
  /** Whether a server that cannot be had on this machine is left out, instead of nothing being started. */
  readonly skipsMissing: boolean;
  readonly log: Log;
  readonly progress: Progress;
}

export interface Stack {
  readonly directory: string;
  readonly stackFile: string;
  /** In the order in which they were asked for. */
  readonly servers: readonly Server[];
  /** Those that cannot be had here, each with the reason and what to do. */
  readonly skipped: readonly Skipped[];
  /** Writes `stack.json` anew, after a server was started again. */
  record(): Promise<void>;
  /** Ends all servers, the last one first, and frees the folder; a second call waits for the first. */
  stop(): Promise<void>;
  /** Frees the folder and lets the servers run on. */
  leave(): Promise<void>;
}

export interface Skipped {
  readonly name: ServerName;
  readonly reason: string;
}

/**
 * Installs what is missing, then starts the servers side by side.
 * @throws HOST_SERVER_MISSING, HOST_SERVER_INSTALL_FAILED, HOST_SERVER_START_FAILED (unavailable),
 *   HOST_DATA_DIRECTORY_UNUSABLE (invalid), HOST_DATA_DIRECTORY_IN_USE, HOST_PORT_TAKEN (conflict)
 */
export async function startStack(options: StartStackOptions): Promise<Stack> {
  const layout = stackLayoutOf(options.dataDirectory);
  const lock = await lockStack(layout);
  try {
    const { installed, skipped } = await obtainAll(options);
    const servers = await startAll(installed, layout, options);
    await writeStackFile(layout);
    return stackOf(layout, { servers, skipped, lock, progress: options.progress });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** @throws HOST_DATA_DIRECTORY_UNUSABLE (invalid), HOST_DATA_DIRECTORY_IN_USE (conflict) that names the holder */
export async function lockStack({ root, lockFile }: StackLayout): Promise<DirectoryLock> {
  try {
    await makeFolders(root, process.getuid?.() === 0 ? 0o755 : 0o700);
    return await lockDirectory(
      root,
      lockFile,
      `stop that process (\`sluice stack down\`), or ${FOLDER_REMEDY}`,
    );
  } catch (error) {
    throw toUnusable(root, error, FOLDER_REMEDY);
  }
}

type Installed = readonly (readonly [ServerName, InstalledServer])[];

/** One after the other: installs share the machine's package manager, and a line on the screen. */
async function obtainAll(
  options: StartStackOptions,
): Promise<{ readonly installed: Installed; readonly skipped: readonly Skipped[] }> {
  const installed: [ServerName, InstalledServer][] = [];
  const skipped: Skipped[] = [];
  for (const name of options.names) {
    try {
      installed.push([name, await obtainServer(ADAPTERS[name], options)]);
    } catch (error) {
      if (!options.skipsMissing || !isMissing(error)) throw error;
      skipped.push({ name, reason: error.message });
    }
  }
  return { installed, skipped };
}

function isMissing(error: unknown): error is Error {
  return hasCode(error, "HOST_SERVER_MISSING") || hasCode(error, "HOST_SERVER_INSTALL_FAILED");
}

async function startAll(
  installed: Installed,
  layout: StackLayout,
  options: StartStackOptions,
): Promise<readonly Server[]> {
  const { ports, startMs, stopMs, freeBytesMin, log, progress } = options;
  const starting = installed.map(async ([name, programs]) => {
    const server = await startServer(ADAPTERS[name], programs, {
      directory: layout.directoryOf(name),
      port: ports[name],
      startMs,
      stopMs,
      freeBytesMin,
      log,
      signal: progress.signal,
    });
    progress.say(`${name} ${server.isAdopted ? "runs already" : "runs"}`);
    return server;
  });
  const outcomes = await Promise.allSettled(starting);
  const servers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure === undefined) return servers;
  await stopInOrder(servers, progress);
  throw failure.reason;
}

async function stopInOrder(servers: readonly Server[], progress: Progress): Promise<void> {
  for (const server of servers.toReversed()) {
    await server.stop();
    progress.say(`${server.name} has stopped`);
  }
}

interface Running {
  readonly servers: readonly Server[];
  readonly skipped: readonly Skipped[];
  readonly lock: DirectoryLock;
  readonly progress: Progress;
}

function stackOf(layout: StackLayout, { servers, skipped, lock, progress }: Running): Stack {
  const stop = async (): Promise<void> => {
    await stopInOrder(servers, progress);
    await writeStackFile(layout);
    await lock.release();
  };
  let stopping: Promise<void> | undefined;
  return {
    directory: layout.root,
    stackFile: layout.stackFile,
    servers,
    skipped,
    record: () => writeStackFile(layout),
    stop: () => (stopping ??= stop()),
    async leave() {
      for (const server of servers) await server.leave();
      await lock.release();
    },
  };
}
