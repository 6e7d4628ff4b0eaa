/** The data directory before anything is started in it: it exists, can be written, has room, and its folders have their owners. */
import { chmod, chown, lstat, mkdir, open, readdir, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hostError } from "../errors.ts";
import { holdsCluster } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { isReachable } from "./os-user.ts";
import type { OsUser } from "./os-user.ts";

/**
 * Makes the folders that are missing and proves that the place is usable. Nothing that exists is changed.
 * @throws HOST_DATA_DIRECTORY_UNUSABLE (invalid) with the directory, what was found and what to do
 */
export async function prepareDataDirectory(
  layout: Layout,
  user: OsUser | undefined,
  freeBytesMin: number,
): Promise<void> {
  try {
    await makeFolders(layout.root, user === undefined ? 0o700 : 0o755);
    if (user !== undefined && !isReachable(layout.root, user)) {
      throw unusable(layout.root, `cannot be entered by the user ${user.name} that Postgres runs as`);
    }
    await requireOurs(layout);
    await probe(layout.root);
    await requireRoom(layout.root, freeBytesMin);
    await mkdir(dirname(layout.logFile), { recursive: true, mode: 0o700 });
    await makePrivate(layout.socketDirectory, user);
  } catch (error) {
    throw toUnusable(layout.root, error);
  }
}

/**
 * Like `mkdir -p`, with our mode on every folder that was made, whatever the umask of this process, and with the true
 * reason where it cannot be made (Node's own says ENOENT on a read-only file system).
 */
export async function makeFolders(folder: string, mode: number): Promise<void> {
  const missing: string[] = [];
  for (let path = folder; !(await exists(path)); path = dirname(path)) missing.unshift(path);
  for (const path of missing) if (await makeFolder(path)) await chmod(path, mode);
}

/** `false`: another process was faster. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (Object(error).code === "EEXIST") return false;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (Object(error).code === "ENOENT") return false;
    throw error;
  }
}

/** What a first start that was killed may have left, and what a folder that nobody uses yet may hold. */
const BEFORE_US = /^(?:\.probe|log|run|sluice\.lock.*|postgres\.draft-.*|lost\+found|\.gitkeep|\.gitignore)$/;
const STRANGERS_SHOWN_MAX = 3;

/** A project or a home that was named by mistake is not filled with a database. */
async function requireOurs(layout: Layout): Promise<void> {
  const strangers = (await readdir(layout.root)).filter((name) => !BEFORE_US.test(name));
  if (strangers.length === 0 || (await isMade(layout))) return;
  const more = strangers.length - STRANGERS_SHOWN_MAX;
  const shown = `${strangers.slice(0, STRANGERS_SHOWN_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  throw unusable(
    layout.root,
    `holds what is not of Sluice (${shown}), expected an empty folder or one that Sluice has made`,
  );
}

/** A database in it, or what only a start of ours leaves. */
async function isMade({ cluster, lockFile, logFile }: Layout): Promise<boolean> {
  return holdsCluster({ cluster }) || (await exists(lockFile)) || (await exists(logFile));
}

async function probe(root: string): Promise<void> {
  // Always the same name: one that a killed process left is the next one's.
  const path = join(root, ".probe");
  const file = await open(path, "w");
  try {
    await file.writeFile("sluice");
    await file.sync();
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

async function requireRoom(root: string, freeBytesMin: number): Promise<void> {
  const { bavail, bsize } = await statfs(root);
  const freeBytes = bavail * bsize;
  if (freeBytes < freeBytesMin) {
    throw unusable(root, `has ${mebibytes(freeBytes)} free, expected at least ${mebibytes(freeBytesMin)}`);
  }
}

/** A folder that only its owner may enter. One that exists must be exactly that: below /tmp anybody could have made it. */
export async function makePrivate(folder: string, user: OsUser | undefined): Promise<void> {
  if ((await makeFolder(folder)) && user !== undefined) await chown(folder, user.uid, user.gid);
  const entry = await lstat(folder);
  const isOurs = entry.isDirectory() && entry.uid === (user?.uid ?? process.getuid?.());
  if (!isOurs || (entry.mode & 0o077) !== 0) {
    throw unusable(
      folder,
      "belongs to somebody else or is open to others, expected a folder of ours with mode 0700",
    );
  }
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1_048_576)} MiB`;
}

const REMEDY =
  "name another one with the option dataDirectory (--data-dir), or a server with SLUICE_DATABASE_URL";

function unusable(folder: string, found: string, cause?: unknown): Error {
  return hostError(
    "HOST_DATA_DIRECTORY_UNUSABLE",
    `the data directory ${folder} ${found}; mend that, or ${REMEDY}`,
    {
      fields: { directory: folder },
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

const FOUND_OF_CODE: Readonly<Record<string, string>> = {
  EROFS: "is on a read-only file system, expected one that can be written",
  EACCES: "cannot be written by this user, expected one that can be",
  EPERM: "cannot be written by this user, expected one that can be",
  ENOSPC: "is on a full file system, expected one with room",
  EDQUOT: "is at the quota of this user, expected one with room",
  ENOENT: "cannot be made there, expected a place for a folder",
  ENOTDIR: "is or lies below a file, expected a folder",
  EEXIST: "is a file, expected a folder",
};

/** An error of the file system as one of the data directory; others as they are. */
export function toUnusable(root: string, error: unknown): unknown {
  const { code, syscall, message } = Object(error) as Readonly<Record<string, unknown>>;
  if (typeof code !== "string" || typeof syscall !== "string") return error;
  return unusable(root, FOUND_OF_CODE[code] ?? `cannot be used (${String(message)})`, error);
}
