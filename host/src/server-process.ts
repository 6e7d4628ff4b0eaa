/** A server that runs as a process of its own and may outlive us: starting it, watching it, ending it, and the log it writes. */
import { spawn } from "node:child_process";
import { copyFile, open, stat, truncate } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { OsUser } from "./postgres/os-user.ts";
import { startTimeOf } from "./process-identity.ts";

/** A server process, be it our child or one that an earlier process of ours left running. */
export interface ServerProcess {
  readonly pid: number;
  readonly isAdopted: boolean;
  /** Settles when the process is gone, with what is known of how. Never fails. */
  readonly exited: Promise<string>;
  /** Whether `exited` has settled. */
  hasExited(): boolean;
}

export interface SpawnConfig {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Its working directory. */
  readonly directory: string;
  readonly logFile: string;
  /** Where the process writes its id before it becomes the server, so that not even a kill of ours loses sight of it. */
  readonly pidFile?: string;
  readonly user: OsUser | undefined;
}

/** Its own words, then those of the server: the shell is replaced by the program, so the id it writes is the server's. */
const WRITE_PID = 'echo $$ >&3; exec "$0" "$@" 3>&-';

/**
 * Starts a server in a session of its own, so that a Ctrl-C for us does not reach it before we are done with it.
 * Its words go to a file, which outlives us as the server does.
 */
export async function spawnServer(config: SpawnConfig): Promise<ServerProcess> {
  const { program, args, user, logFile, pidFile } = config;
  await boundLog(logFile);
  const files: FileHandle[] = [await open(logFile, "a", 0o600)];
  try {
    // Whoever owns the data may be the next to start it.
    if (user !== undefined) await files[0]?.chown(user.uid, user.gid);
    if (pidFile !== undefined) files.push(await open(pidFile, "w", 0o644));
    const [log, pid] = files.map(({ fd }) => fd);
    const child = spawn(
      pid === undefined ? program : "/bin/sh",
      pid === undefined ? args : ["-c", WRITE_PID, program, ...args],
      {
        cwd: config.directory,
        env: { ...config.env },
        detached: true,
        stdio: ["ignore", log, log, ...(pid === undefined ? [] : [pid])],
        ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
      },
    );
    const gone = Promise.withResolvers<string>();
    child.once("error", (error) => gone.resolve(error.message));
    child.once("exit", (code, signal) =>
      gone.resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
    );
    child.unref();
    return tracked(child.pid ?? 0, false, gone.promise);
  } finally {
    for (const file of files) await file.close();
  }
}

/** Watches a server that an earlier process of ours has started. */
export async function adoptServer(pid: number): Promise<ServerProcess> {
  return tracked(pid, true, watch(pid, await startTimeOf(pid)));
}

function tracked(pid: number, isAdopted: boolean, exited: Promise<string>): ServerProcess {
  let hasExited = false;
  void exited.then(() => {
    hasExited = true;
  });
  return { pid, isAdopted, exited, hasExited: () => hasExited };
}

/** How often we look whether a server that is not our child is still there: its parent is told by the system, we are not. */
const WATCH_MS = 200;

async function watch(pid: number, startTime: string | undefined): Promise<string> {
  while ((await startTimeOf(pid)) === startTime && startTime !== undefined) {
    await sleep(WATCH_MS, undefined, { ref: false });
  }
  return "unknown, for it was not our child";
}

/** A signal, and how long the server may take to end by it before the next one is sent. */
export type EndingStep = readonly [signal: NodeJS.Signals, waitMs: number];

/** Ends a server with ever harder signals. Resolves when it is gone; `true`: the first one was enough. */
export async function endServer(server: ServerProcess, steps: readonly EndingStep[]): Promise<boolean> {
  for (const [index, [signal, waitMs]] of steps.entries()) {
    if (server.hasExited()) return true;
    signalServer(server, signal);
    if (await isGoneWithin(server, waitMs)) return index === 0;
  }
  return false;
}

/** `false`: there was nobody to get it. */
export function signalServer(
  server: Pick<ServerProcess, "pid" | "hasExited">,
  signal: NodeJS.Signals,
): boolean {
  if (server.pid <= 0 || server.hasExited()) return false;
  try {
    return process.kill(server.pid, signal);
  } catch {
    // It went by itself.
    return false;
  }
}

/** Waits for the end of a server, at most so long. `false`: it is still there. */
export async function isGoneWithin(server: ServerProcess, waitMs: number): Promise<boolean> {
  const timeout = new AbortController();
  const waited = sleep(waitMs, false, { signal: timeout.signal }).catch(() => false);
  const isGone = await Promise.race([server.exited.then(() => true), waited]);
  timeout.abort();
  return isGone;
}

const LOG_BYTES_MAX = 8_388_608;

/**
 * Keeps the log at two files of about that size. The server appends to the file it was given, so the file is emptied
 * in place and not renamed.
 */
export async function boundLog(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    (entry) => entry.size,
    () => 0,
  );
  if (size <= LOG_BYTES_MAX) return;
  await copyFile(logFile, `${logFile}.1`);
  await truncate(logFile);
}

const TAIL_BYTES = 8192;
/** Java says many of them, and what went wrong is above. */
const STACK_FRAME = /^\s+at /;

/** The last lines of the server's log, for the message of a start that failed. */
export async function readLogTail(logFile: string): Promise<string> {
  const file = await open(logFile, "r").catch(() => undefined);
  if (file === undefined) return "";
  try {
    const { size } = await file.stat();
    const { bytesRead, buffer } = await file.read({
      position: Math.max(0, size - TAIL_BYTES),
      length: TAIL_BYTES,
      buffer: Buffer.alloc(TAIL_BYTES),
    });
    const lines = buffer.toString("utf8", 0, bytesRead).trim().split("\n");
    return lines
      .filter((line) => !STACK_FRAME.test(line))
      .slice(-10)
      .join("\n");
  } finally {
    await file.close();
  }
}
