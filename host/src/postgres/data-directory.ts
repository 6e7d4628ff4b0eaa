/** The data directory of the embedded Postgres before anything is started in it. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { exists, makePrivate, prepareFolder, toUnusable as toUnusableFolder } from "../data-folder.ts";
import { holdsCluster } from "./layout.ts";
import type { Layout } from "./layout.ts";
import type { OsUser } from "./os-user.ts";

const REMEDY =
  "name another one with the option dataDirectory (--data-dir), or a server with SLUICE_DATABASE_URL";

/** What a first start that was killed may have left, and what a folder that nobody uses yet may hold. */
const BEFORE_US = /^(?:\.probe|log|run|sluice\.lock.*|postgres\.draft-.*|lost\+found|\.gitkeep|\.gitignore)$/;

/**
 * Makes the folders that are missing and proves that the place is usable. Nothing that exists is changed.
 * @throws HOST_DATA_DIRECTORY_UNUSABLE (invalid) with the directory, what was found and what to do
 */
export async function prepareDataDirectory(
  layout: Layout,
  user: OsUser | undefined,
  freeBytesMin: number,
): Promise<void> {
  await prepareFolder(layout.root, {
    user,
    server: "Postgres",
    freeBytesMin,
    isExpected: (name) => BEFORE_US.test(name),
    isMade: () => isMade(layout),
    remedy: REMEDY,
  });
  try {
    await mkdir(dirname(layout.logFile), { recursive: true, mode: 0o700 });
    await makePrivate(layout.socketDirectory, user, REMEDY);
  } catch (error) {
    throw toUnusable(layout.root, error);
  }
}

/** A database in it, or what only a start of ours leaves. */
async function isMade({ cluster, lockFile, logFile }: Layout): Promise<boolean> {
  return holdsCluster({ cluster }) || (await exists(lockFile)) || (await exists(logFile));
}

/** An error of the file system as one of the data directory; others as they are. */
export function toUnusable(root: string, error: unknown): unknown {
  return toUnusableFolder(root, error, REMEDY);
}
