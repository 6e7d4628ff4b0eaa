/**
 * One server of the stack. Owns: one folder (through its lock), the process in it, and whether that runs.
 * S1  One holder per folder. The process may outlive a killed holder, and is then adopted by the next.
 * S2  It keeps its ports over restarts: whoever knew its address finds it again.
 * S3  After `stop` nothing of it runs. After `leave` it runs on, and the folder is free.
 * S4  A process that dies stays dead until `start` is called: who kills it on purpose decides when it comes back. There is one start at
 *     a time, and none after `stop`.
 */
import { lockDirectory } from "../postgres/directory-lock.ts";
import type { DirectoryLock } from "../postgres/directory-lock.ts";
import { toUnusable } from "../data-folder.ts";
import type { Log } from "../log.ts";
import { endServer, isGoneWithin, signalServer } from "../server-process.ts";
import type { ServerProcess } from "../server-process.ts";
import { launchServer, waitForGreeting } from "./launch.ts";
import type { Serving } from "./launch.ts";
import { choosePorts, isPortFree, portTaken } from "./ports.ts";
import { findServer } from "./running-server.ts";
import { ensureSecret } from "./secret.ts";
import type { InstalledServer, Launch, Place, ServerAdapter, ServerName } from "./server-adapter.ts";
import { FOLDER_REMEDY, makeHome, prepareServerFolder } from "./server-folder.ts";
import { serverLayoutOf } from "./server-layout.ts";
import type { ServerLayout } from "./server-layout.ts";
import { fingerprintOf, readRecord, writeRecord } from "./server-record.ts";
import type { ServerRecord } from "./server-record.ts";
import { serverUserOf } from "./server-user.ts";

export interface Server {
  readonly name: ServerName;
  /** What clients connect to: `127.0.0.1:9092` of Kafka, a URL (with its password) of the others. */
  readonly address: string;
  readonly port: number;
  /** The running server's own: `3.10.8`. */
  readonly version: string;
  readonly directory: string;
  readonly logFile: string;
  /** Whether it was running already, left by a process of ours that was killed. */
  readonly isAdopted: boolean;
  /** The process that serves; `undefined` while none does. */
  pid(): number | undefined;
  /** Settles when the present process is gone, with what is known of how. Never fails. */
  exited(): Promise<string>;
  /** Sends its process a signal, and waits for the end where that is SIGKILL. `false`: there was nobody to get it. */
  kill(signal: NodeJS.Signals): Promise<boolean>;
  /** Starts it again after it died: same folder, same ports. @throws HOST_SERVER_START_FAILED, HOST_PORT_TAKEN */
  start(): Promise<void>;
  /** Ends it and frees its folder; a second call waits for the first. */
  stop(): Promise<void>;
  /** Frees its folder and lets it run on. */
  leave(): Promise<void>;
}

export interface StartServerOptions {
  /** The folder that holds everything of it. */
  readonly directory: string;
  /** The clients' port; 0: any that is free. @default the one it had, else the usual one, else any that is free */
  readonly port?: number | undefined;
  /** How long it may take until it answers. */
  readonly startMs: number;
  /** How long it may take to end well. */
  readonly stopMs: number;
  /** Free bytes below which it is not started. */
  readonly freeBytesMin: number;
  readonly log: Log;
  /** Aborted when nobody waits for the start any more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Starts a server, or adopts one that a killed process left running in that folder.
 * @throws HOST_DATA_DIRECTORY_UNUSABLE (invalid), HOST_DATA_DIRECTORY_IN_USE (conflict), HOST_PORT_TAKEN (conflict),
 *   HOST_SERVER_START_FAILED (unavailable)
 */
export async function startServer(
  adapter: ServerAdapter,
  installed: InstalledServer,
  options: StartServerOptions,
): Promise<Server> {
  const layout = serverLayoutOf(adapter, options.directory);
  const user = serverUserOf(adapter.users, layout.home);
  await prepareServerFolder(adapter, layout, { user, freeBytesMin: options.freeBytesMin });
  const lock = await lockServer(layout);
  try {
    await makeHome(layout.home, user);
    const site = { root: layout.root, home: layout.home, user, secret: await ensureSecret(layout) };
    const folder: Folder = { adapter, installed, options, layout, site };
    const started = (await adopt(folder)) ?? (await startOnPorts(folder));
    await settle(folder, started);
    return serverOf(folder, started, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** One with which there is no talking is not left running. */
async function settle({ adapter, options }: Folder, { place, process }: Started): Promise<void> {
  try {
    await adapter.settle?.(place);
  } catch (error) {
    await endServer(process, adapter.endingOf(options.stopMs));
    throw error;
  }
}

/** @throws HOST_DATA_DIRECTORY_IN_USE (conflict) that names the holder */
export async function lockServer({ root, lockFile }: ServerLayout): Promise<DirectoryLock> {
  try {
    return await lockDirectory(
      root,
      lockFile,
      `stop that process (\`sluice stack down\`), or ${FOLDER_REMEDY}`,
    );
  } catch (error) {
    throw toUnusable(root, error, FOLDER_REMEDY);
  }
}

interface Folder {
  readonly adapter: ServerAdapter;
  readonly installed: InstalledServer;
  readonly options: StartServerOptions;
  readonly layout: ServerLayout;
  readonly site: Omit<Place, "ports">;
}

interface Started extends Serving {
  readonly place: Place;
  readonly launch: Launch;
}

/** How long a server that we find running may take to answer: it does nothing else. */
const ADOPT_MS = 15_000;

async function adopt(folder: Folder): Promise<Started | undefined> {
  const { adapter, installed, options, layout, site } = folder;
  const [process, record] = await Promise.all([findServer(layout), readRecord(layout)]);
  if (process !== undefined && record !== undefined && suits(record, options)) {
    const place = { ...site, ports: record.ports };
    const launch = installed.launchOf(place);
    const greeting = await greetRunning(folder, process, {
      place,
      isSame: record.fingerprint === fingerprintOf(launch),
    });
    // Nobody waits any more: then it is left as it is.
    options.signal?.throwIfAborted();
    if (greeting !== undefined) {
      options.log.info(
        { server: adapter.name, pid: process.pid },
        "adopted the server that an earlier process left running",
      );
      return { process, greeting, place, launch };
    }
  }
  if (process !== undefined) {
    options.log.warn(
      { server: adapter.name, pid: process.pid },
      "replacing a server that was started otherwise or does not answer",
    );
    await endServer(process, adapter.endingOf(options.stopMs));
  }
  if (record !== undefined) await adapter.cleanUp?.({ ...site, ports: record.ports });
  return undefined;
}

function suits({ ports }: ServerRecord, { port }: StartServerOptions): boolean {
  return port === undefined || port === 0 || port === ports[0];
}

/** Another program or other settings (an upgrade, a changed option) take effect only with a new process. */
async function greetRunning(
  { adapter, layout, options }: Folder,
  process: ServerProcess,
  { place, isSame }: { readonly place: Place; readonly isSame: boolean },
) {
  // One that was frozen would not answer.
  signalServer(process, "SIGCONT");
  if (!isSame) return undefined;
  const startMs = Math.min(options.startMs, ADOPT_MS);
  return waitForGreeting(process, { ...options, adapter, layout, place, startMs }).catch(() => undefined);
}

/** A port that was free may be taken before the server has opened it: others are tried, but so often only. */
const STARTS_MAX = 3;

async function startOnPorts(folder: Folder): Promise<Started> {
  const { adapter, installed, options, layout, site } = folder;
  for (let starts = 1; ; starts += 1) {
    const former = (await readRecord(layout))?.ports;
    const place: Place = { ...site, ports: await choosePorts(adapter, { port: options.port, former }) };
    await installed.make(place);
    const launch = installed.launchOf(place);
    await writeRecord(layout, { ports: place.ports, fingerprint: fingerprintOf(launch) });
    try {
      return { ...(await launchServer({ ...options, adapter, layout, place, launch })), place, launch };
    } catch (error) {
      await adapter.cleanUp?.(place);
      const taken = await findTaken(place);
      if (taken === undefined) throw error;
      if (starts >= STARTS_MAX || taken === options.port) throw await portTaken(adapter, taken);
    }
  }
}

async function findTaken({ ports }: Place): Promise<number | undefined> {
  for (const port of ports) if (!(await isPortFree(port))) return port;
  return undefined;
}

/** A signal that cannot be refused has its effect within moments. */
const KILL_MS = 10_000;

function serverOf(folder: Folder, started: Started, lock: DirectoryLock): Server {
  const { adapter, installed, options, layout } = folder;
  const { place, launch, greeting } = started;
  let current = started.process;

  const ending = new AbortController();
  let starting: Promise<void> | undefined;

  const startAgain = async (): Promise<void> => {
    if (!current.hasExited()) return;
    await adapter.cleanUp?.(place);
    const taken = await findTaken(place);
    if (taken !== undefined) throw await portTaken(adapter, taken);
    await installed.make(place);
    const { signal } = ending;
    current = (await launchServer({ ...options, adapter, layout, place, launch, signal })).process;
    await adapter.settle?.(place);
  };
  const start = async (): Promise<void> => {
    ending.signal.throwIfAborted();
    starting ??= startAgain();
    try {
      await starting;
    } finally {
      starting = undefined;
    }
  };
  const stop = async (): Promise<void> => {
    ending.abort();
    // One that fails to start has told so, and leaves nothing running.
    await starting?.catch(() => {});
    // One that was frozen hears nothing.
    signalServer(current, "SIGCONT");
    if (!(await endServer(current, adapter.endingOf(options.stopMs)))) {
      options.log.warn(
        { server: adapter.name, stopMs: options.stopMs },
        "a server did not stop in time; it recovers at its next start",
      );
    }
    await adapter.cleanUp?.(place);
    await lock.release();
  };
  let stopping: Promise<void> | undefined;

  return {
    name: adapter.name,
    address: adapter.addressOf(place),
    port: place.ports[0],
    version: greeting.version,
    directory: layout.root,
    logFile: layout.logFile,
    isAdopted: started.process.isAdopted,
    pid: () => (current.hasExited() ? undefined : current.pid),
    exited: () => current.exited,
    async kill(signal) {
      const isSent = signalServer(current, signal);
      if (isSent && signal === "SIGKILL") await isGoneWithin(current, KILL_MS);
      return isSent;
    },
    start,
    stop: () => (stopping ??= stop()),
    leave: () => lock.release(),
  };
}
