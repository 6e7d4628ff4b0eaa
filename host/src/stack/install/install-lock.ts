/** One install at a time on this machine: two of them would download the same twice, or find each other's apt-get. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "@sluice/contracts/problem";
import { makeFolders } from "../../data-folder.ts";
import { lockDirectory } from "../../postgres/directory-lock.ts";
import type { DirectoryLock } from "../../postgres/directory-lock.ts";
import type { Machine, Progress } from "../server-adapter.ts";

/** Longer than any install takes. */
const WAIT_MS = 1_200_000;
const LOOK_MS = 500;

/** Does the work as the only one that installs; waits for another. @throws HOST_DATA_DIRECTORY_IN_USE (conflict) after 20 minutes */
export async function withInstallLock<T>(
  { cacheDirectory }: Machine,
  progress: Progress,
  work: () => Promise<T>,
): Promise<T> {
  // Servers run as users of their own, and read their programs here.
  await makeFolders(cacheDirectory, 0o755);
  const lock = await waitForLock(cacheDirectory, progress);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

async function waitForLock(cacheDirectory: string, progress: Progress): Promise<DirectoryLock> {
  const startedAtMs = performance.now();
  for (let hasSaid = false; ; hasSaid = true) {
    try {
      return await lockDirectory(
        cacheDirectory,
        join(cacheDirectory, "install.lock"),
        "wait until its install has ended, or end it",
      );
    } catch (error) {
      const isOver = performance.now() - startedAtMs > WAIT_MS;
      if (!hasCode(error, "HOST_DATA_DIRECTORY_IN_USE") || isOver) throw error;
      if (!hasSaid) progress.say("waiting for another install on this machine");
      await sleep(LOOK_MS, undefined, { signal: progress.signal });
    }
  }
}
