/** Makes a new cluster, whole or not at all: it gets its name when it is complete and on disk. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { hostError } from "../errors.ts";
import { majorOf, programOf } from "./binaries.ts";
import type { Binaries } from "./binaries.ts";
import type { OsUser } from "./os-user.ts";

/** The superuser of every embedded cluster. */
export const CLUSTER_USER = "sluice";

/** initdb takes a second; a minute means that the disk hangs. */
const INITDB_MS = 60_000;

/**
 * Makes the cluster unless there is one. Call it only under the lock of the data directory.
 * @throws HOST_DATA_DIRECTORY_UNUSABLE (invalid) when the cluster is of another major version or no cluster at all;
 *   HOST_DATABASE_START_FAILED (unavailable) with initdb's words
 */
export async function ensureCluster(
  cluster: string,
  binaries: Binaries,
  user: OsUser | undefined,
): Promise<void> {
  await removeDrafts(cluster);
  const found = await readVersion(cluster);
  if (found === undefined) return createCluster(cluster, binaries, user);
  const expected = majorOf(binaries);
  if (found === expected) return;
  throw hostError(
    "HOST_DATA_DIRECTORY_UNUSABLE",
    `the data directory ${dirname(cluster)} holds a database of Postgres ${found}, expected ${expected}; dump it with that version and load it into a new one, or name another directory with the option dataDirectory (--data-dir)`,
    { fields: { directory: dirname(cluster), found, expected } },
  );
}

async function readVersion(cluster: string): Promise<string | undefined> {
  try {
    return (await readFile(join(cluster, "PG_VERSION"), "utf8")).trim();
  } catch (error) {
    if (Object(error).code === "ENOENT") return undefined;
    throw error;
  }
}

const REMOVE = { recursive: true, force: true, maxRetries: 20, retryDelay: 50 };

function draftPrefix(cluster: string): string {
  return `${basename(cluster)}.draft-`;
}

/** What a process left that was killed in the middle of initdb, which may still be writing for a moment. */
async function removeDrafts(cluster: string): Promise<void> {
  const root = dirname(cluster);
  for (const name of await readdir(root)) {
    if (name.startsWith(draftPrefix(cluster))) await rm(join(root, name), REMOVE);
  }
}

async function createCluster(cluster: string, binaries: Binaries, user: OsUser | undefined): Promise<void> {
  const root = dirname(cluster);
  const draft = join(root, `${draftPrefix(cluster)}${randomUUID()}`);
  await mkdir(draft, { mode: 0o700 });
  try {
    if (user !== undefined) await chown(draft, user.uid, user.gid);
    await runInitdb(draft, binaries, user);
    await rename(draft, cluster);
    await syncFolder(root);
  } catch (error) {
    await rm(draft, REMOVE);
    throw toInitdbError(root, error);
  }
}

/**
 * Over the socket everybody who may enter its folder is trusted; a TCP port, where one is asked for, takes a password.
 * Text sorts by code point with Unicode's rules for case, on every machine and after every upgrade of its C library.
 */
async function runInitdb(folder: string, binaries: Binaries, user: OsUser | undefined): Promise<void> {
  const args = [
    `--pgdata=${folder}`,
    `--username=${CLUSTER_USER}`,
    "--auth-local=trust",
    "--auth-host=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--no-instructions",
    // As the server's own: an initdb that is killed leaves nothing in /dev/shm.
    "--set=dynamic_shared_memory_type=mmap",
  ];
  await runProgram(programOf(binaries, "initdb"), args, user);
}

/** In a session of its own: a Ctrl-C for us must not leave it half done, for we end in order and it takes a second. */
async function runProgram(program: string, args: readonly string[], user: OsUser | undefined): Promise<void> {
  const child = spawn(program, args, {
    cwd: "/",
    env: SERVER_ENV,
    detached: true,
    timeout: INITDB_MS,
    stdio: ["ignore", "ignore", "pipe"],
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  const exited = once(child, "close") as Promise<[number | null]>;
  const [words, [code]] = await Promise.all([text(child.stderr), exited]);
  if (code !== 0) throw new Error(words.trim() === "" ? `it ended with ${code ?? "a signal"}` : words.trim());
}

/** The server inherits nothing: a PGDATA or LC_ALL of whoever started us must not change a cluster. */
export const SERVER_ENV = { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function toInitdbError(root: string, error: unknown): Error {
  const words = error instanceof Error ? error.message : String(error);
  return hostError(
    "HOST_DATABASE_START_FAILED",
    `initdb could not make a database in ${root}: ${words}; mend that, or name a server with SLUICE_DATABASE_URL`,
    { fields: { directory: root }, cause: error },
  );
}
