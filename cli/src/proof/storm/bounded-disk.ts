/**
 * A file system of its own with an end, so that a disk can be full without harm to anybody else: an ext4 in a file where that can be
 * mounted, else one in memory. Both need root and Linux.
 */
import { execFile } from "node:child_process";
import { mkdir, rm, stat, statfs, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface BoundedDisk {
  /** Where it is mounted. */
  readonly directory: string;
  /** Leaves no room. */
  fill(): Promise<void>;
  /** Gives the room back. */
  free(): Promise<void>;
  /** Unmounts it. What it held is gone, unless it is to be kept in another folder. */
  close(keptIn: string | null): Promise<void>;
}

/** A young cluster with the log it keeps for a crash takes a third of it. */
const DISK_BYTES = 805_306_368;
const BALLAST = "ballast";

/** @throws with the reason when none can be made here */
export async function openBoundedDisk(folder: string): Promise<BoundedDisk> {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    throw new Error("a file system can be mounted by root on Linux only");
  const directory = join(folder, "disk");
  const image = join(folder, "disk.image");
  await mkdir(directory, { mode: 0o755 });
  await mountImage(image, directory).catch(() => mountMemory(directory));
  const ballast = join(directory, BALLAST);
  return {
    directory,
    fill: () => fill(directory, ballast),
    free: () => rm(ballast, { force: true }),
    async close(keptIn) {
      if (keptIn !== null) await run("cp", ["-a", directory, keptIn]);
      await run("umount", [directory]);
      await rm(image, { force: true });
    },
  };
}

async function mountImage(image: string, directory: string): Promise<void> {
  await writeFile(image, "");
  await truncate(image, DISK_BYTES);
  await run("mkfs.ext4", ["-q", "-F", "-m", "0", image]);
  await run("mount", ["-o", "loop", image, directory]);
}

async function mountMemory(directory: string): Promise<void> {
  await run("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES},mode=0755`, "tmpfs", directory]);
}

/** The ballast grows by all that is free, by half of that where others were quicker, and so on. */
async function fill(directory: string, ballast: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  for (let bytes = bavail * bsize; bytes >= bsize; bytes = Math.floor(bytes / 2)) {
    const { size } = await stat(ballast).catch(() => ({ size: 0 }));
    await run("fallocate", ["-l", String(size + bytes), ballast]).catch(() => {});
  }
}
