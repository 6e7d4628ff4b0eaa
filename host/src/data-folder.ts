/** A folder that will hold a server's data, before anything is started in it: it exists, is ours, can be written and has room. */
import { chmod, chown, lstat, mkdir, open, readdir, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hostError } from "./errors.ts";
import { isReachable } from "./postgres/os-user.ts";
import type { OsUser } from "./postgres/os-user.ts";

export interface FolderRules {
  /** The user whose process works in it, where that is not ourselves. */
  readonly user: OsUser | undefined;
  /** Whose process that is, for a message: `Postgres`. */
  readonly server: string;
  readonly freeBytesMin: number;
  /** Whether an entry is one that a killed first start of ours may have left, or that a folder nobody uses yet may hold. */
  isExpected(name: string): boolean;
  /** Whether a start of ours has made this folder what it is. */
  isMade(): Promise<boolean>;
  /** What else the user may do, for a message. */
  readonly remedy: string;
}

/**
 * Makes the folders that are missing and proves that the place is usable. Nothing that exists is changed.
 * @throws HOST_DATA_DIRECTORY_UNUSABLE (invalid) with the folder, what was found and what to do
 */
export async function prepareFolder(folder: string, rules: FolderRules): Promise<void> {
  const { user, server, remedy } = rules;
  try {
    await makeFolders(folder, user === undefined ? 0o700 : 0o755);
    if (user !== undefined && !isReachable(folder, user)) {
      throw unusable(folder, `cannot be entered by the user ${user.name} that ${server} runs as`, remedy);
    }
    await requireOurs(folder, rules);
    await probe(folder);
    await requireRoom(folder, rules);
  } catch (error) {
    throw toUnusable(folder, error, remedy);
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

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (Object(error).code === "ENOENT") return false;
    throw error;
  }
}

const STRANGERS_SHOWN_MAX = 3;

/** A project or a home that was named by mistake is not filled with a server's data. */
async function requireOurs(folder: string, { isExpected, isMade, remedy }: FolderRules): Promise<void> {
  const strangers = (await readdir(folder)).filter((name) => !isExpected(name));
  if (strangers.length === 0 || (await isMade())) return;
  const more = strangers.length - STRANGERS_SHOWN_MAX;
  const shown = `${strangers.slice(0, STRANGERS_SHOWN_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  throw unusable(
    folder,
    `holds what is not of Sluice (${shown}), expected an empty folder or one that Sluice has made`,
    remedy,
  );
}

async function probe(folder: string): Promise<void> {
  // Always the same name: one that a killed process left is the next one's.
  const path = join(folder, ".probe");
  const file = await open(path, "w");
  try {
    await file.writeFile("sluice");
    await file.sync();
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

async function requireRoom(folder: string, { freeBytesMin, remedy }: FolderRules): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  if (freeBytes >= freeBytesMin) return;
  const found = `has ${mebibytes(freeBytes)} free, expected at least ${mebibytes(freeBytesMin)}`;
  throw unusable(folder, found, remedy);
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / 1_048_576)} MiB`;
}

/** A folder that only its owner may enter. One that exists must be exactly that: below /tmp anybody could have made it. */
export async function makePrivate(folder: string, user: OsUser | undefined, remedy: string): Promise<void> {
  if ((await makeFolder(folder)) && user !== undefined) await chown(folder, user.uid, user.gid);
  const entry = await lstat(folder);
  const isOurs = entry.isDirectory() && entry.uid === (user?.uid ?? process.getuid?.());
  if (!isOurs || (entry.mode & 0o077) !== 0) {
    throw unusable(
      folder,
      "belongs to somebody else or is open to others, expected a folder of ours with mode 0700",
      remedy,
    );
  }
}

function unusable(folder: string, found: string, remedy: string, cause?: unknown): Error {
  return hostError(
    "HOST_DATA_DIRECTORY_UNUSABLE",
    `the data directory ${folder} ${found}; mend that, or ${remedy}`,
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
export function toUnusable(folder: string, error: unknown, remedy: string): unknown {
  const { code, syscall, message } = Object(error) as Readonly<Record<string, unknown>>;
  if (typeof code !== "string" || typeof syscall !== "string") return error;
  return unusable(folder, FOUND_OF_CODE[code] ?? `cannot be used (${String(message)})`, remedy, error);
}
