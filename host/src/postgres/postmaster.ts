/** The server process: starting, finding again, waiting for and ending it. */
import { spawn } from "node:child_process";
import { copyFile, open, readFile, realpath, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { commandOf, isAlive, startTimeOf, workingDirectoryOf } from "../process-identity.ts";
import { SERVER_ENV } from "./initdb.ts";
import type { OsUser } from "./os-user.ts";

/** A server process, be it our child or one that an earlier process of ours left running. */
export interface Postmaster {
  readonly pid: number;
  readonly isAdopted: boolean;
  /** Settles when the process is gone, with what is known of how. Never fails. */
  readonly exited: Promise<string>;
  /** Whether `exited` has settled. */
  hasExited(): boolean;
}

export interface StartConfig {
  readonly program: string;
  readonly args: readonly string[];
  readonly cluster: string;
  readonly socketFile: string;
  readonly logFile: string;
  readonly user: OsUser | undefined;
}

/**
 * Starts the server in a session of its own, so that a Ctrl-C for us does not reach it before we are done with it.
 * Its words go to a file, which outlives us as the server does.
 */
export async function startPostmaster(config: StartConfig): Promise<Postmaster> {
  await removeStaleLocks(config);
  await boundLog(config.logFile);
  const log = await open(config.logFile, "a", 0o600);
  try {
    // Whoever owns the cluster may be the next to start it.
    if (config.user !== undefined) await log.chown(config.user.uid, config.user.gid);
    const child = spawn(config.program, config.args, {
      cwd: "/",
      env: SERVER_ENV,
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      ...(config.user === undefined ? {} : { uid: config.user.uid, gid: config.user.gid }),
    });
    const gone = Promise.withResolvers<string>();
    child.once("error", (error) => gone.resolve(error.message));
    child.once("exit", (code, signal) =>
      gone.resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
    );
    child.unref();
    return tracked(child.pid ?? 0, false, gone.promise);
  } finally {
    await log.close();
  }
}

function tracked(pid: number, isAdopted: boolean, exited: Promise<string>): Postmaster {
  let hasExited = false;
  void exited.then(() => {
    hasExited = true;
  });
  return { pid, isAdopted, exited, hasExited: () => hasExited };
}

/** How often we look whether a server that is not our child is still there: its parent is told by the system, we are not. */
const WATCH_MS = 200;

/** The server that runs on this cluster already, if there is one. */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const file = await findRunning(cluster);
  return file === undefined
    ? undefined
    : tracked(file.pid, true, watch(file.pid, await startTimeOf(file.pid)));
}

/** What the running server of this cluster has written about itself; `undefined`: none runs. */
export async function findRunning(cluster: string): Promise<PidFile | undefined> {
  const file = await readPidFile(cluster);
  return file !== undefined && (await isServerOf(file.pid, cluster)) ? file : undefined;
}

/**
 * Postgres only asks whether the process id in its lock files is in use, and refuses to start when a stranger has got
 * it since, or when the dead server's parent never asked how it ended (the first process of many containers does not).
 */
async function removeStaleLocks({ cluster, socketFile }: StartConfig): Promise<void> {
  const file = await readPidFile(cluster);
  if (file !== undefined) {
    if (await isServerOf(file.pid, cluster)) return;
    await rm(join(cluster, PID_FILE), { force: true });
  }
  await rm(`${socketFile}.lock`, { force: true });
}

async function watch(pid: number, startTime: string | undefined): Promise<string> {
  while ((await startTimeOf(pid)) === startTime && startTime !== undefined) {
    await sleep(WATCH_MS, undefined, { ref: false });
  }
  return "unknown, for it was not our child";
}

async function isServerOf(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const command = await commandOf(pid);
  if (command === undefined || !/\bpostgres\b/.test(command)) return false;
  const directory = await workingDirectoryOf(pid);
  return directory === undefined ? command.includes(cluster) : directory === (await realpath(cluster));
}

const PID_FILE = "postmaster.pid";

export interface PidFile {
  readonly pid: number;
  /** `0` and empty before the server has written them. */
  readonly port: number;
  readonly socketDirectory: string;
  /** `starting`, `ready`, `stopping`, or empty before the server has written it. */
  readonly state: string;
}

/** @see miscadmin.h of Postgres: the lines of postmaster.pid */
export async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const text = await readFile(join(cluster, PID_FILE), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split("\n");
  return {
    pid: Number(lines[0]),
    port: Number(lines[3] ?? 0),
    socketDirectory: lines[4]?.trim() ?? "",
    state: lines[7]?.trim() ?? "",
  };
}

/** The command line that the server of this cluster was last started with. */
export async function readStartedWith(cluster: string): Promise<string | undefined> {
  return readFile(join(cluster, "postmaster.opts"), "utf8").then(
    (text) => text.trim(),
    () => undefined,
  );
}

/** The line that the server writes to postmaster.opts when started so. */
export function startedWith(program: string, args: readonly string[]): string {
  return [program, ...args.map((arg) => `"${arg}"`)].join(" ");
}

/** How long each harder signal waits for the one before it. */
const QUIT_MS = 5000;

/**
 * Ends the server: fast (SIGINT: sessions are cut, a checkpoint is written) for at most `stopMs`, then at once
 * (SIGQUIT: the next start recovers), at last SIGKILL. Resolves when it is gone; `true`: it ended fast.
 */
export async function stopPostmaster(postmaster: Postmaster, stopMs: number): Promise<boolean> {
  const ladder: readonly [NodeJS.Signals, number][] = [
    ["SIGINT", stopMs],
    ["SIGQUIT", QUIT_MS],
    ["SIGKILL", QUIT_MS],
  ];
  for (const [signal, waitMs] of ladder) {
    if (postmaster.hasExited()) return true;
    send(postmaster.pid, signal);
    if (await isGoneWithin(postmaster, waitMs)) return signal === "SIGINT";
  }
  return false;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    if (pid > 0) process.kill(pid, signal);
  } catch {
    // It went by itself.
  }
}

async function isGoneWithin(postmaster: Postmaster, waitMs: number): Promise<boolean> {
  const timeout = new AbortController();
  const waited = sleep(waitMs, false, { signal: timeout.signal }).catch(() => false);
  const isGone = await Promise.race([postmaster.exited.then(() => true), waited]);
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

const TAIL_BYTES = 4096;

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
    return buffer.toString("utf8", 0, bytesRead).trim().split("\n").slice(-10).join("\n");
  } finally {
    await file.close();
  }
}
