/** The server process of Postgres: starting, finding again and ending it. */
import { readFile, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { commandOf, isAlive, workingDirectoryOf } from "../process-identity.ts";
import { adoptServer, endServer, spawnServer } from "../server-process.ts";
import type { ServerProcess } from "../server-process.ts";
import { SERVER_ENV } from "./initdb.ts";
import type { OsUser } from "./os-user.ts";

export interface StartConfig {
  readonly program: string;
  readonly args: readonly string[];
  readonly cluster: string;
  readonly socketFile: string;
  readonly logFile: string;
  readonly user: OsUser | undefined;
}

export async function startPostmaster(config: StartConfig): Promise<ServerProcess> {
  const { program, args, logFile, user } = config;
  await removeStaleLocks(config);
  return spawnServer({ program, args, env: SERVER_ENV, directory: "/", logFile, user });
}

/** The server that runs on this cluster already, if there is one. */
export async function findPostmaster(cluster: string): Promise<ServerProcess | undefined> {
  const file = await findRunning(cluster);
  return file === undefined ? undefined : adoptServer(file.pid);
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
export async function removeStaleLocks({
  cluster,
  socketFile,
}: Pick<StartConfig, "cluster" | "socketFile">): Promise<void> {
  const file = await readPidFile(cluster);
  if (file !== undefined) {
    if (await isServerOf(file.pid, cluster)) return;
    await rm(join(cluster, PID_FILE), { force: true });
  }
  await rm(`${socketFile}.lock`, { force: true });
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
export async function stopPostmaster(postmaster: ServerProcess, stopMs: number): Promise<boolean> {
  return endServer(postmaster, [
    ["SIGINT", stopMs],
    ["SIGQUIT", QUIT_MS],
    ["SIGKILL", QUIT_MS],
  ]);
}
