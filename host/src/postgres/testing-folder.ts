/** Where tests keep their servers' data. */
import { accessSync, constants, statfsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Where there is room in memory, tests do not wait for the disk: what they prove dies with a process, not with the machine. */
const MEMORY_FOLDER = "/dev/shm";
const MEMORY_FREE_BYTES_MIN = 2_147_483_648;

export function testFolder(): string {
  try {
    accessSync(MEMORY_FOLDER, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY_FOLDER);
    return bavail * bsize >= MEMORY_FREE_BYTES_MIN ? MEMORY_FOLDER : tmpdir();
  } catch {
    return tmpdir();
  }
}
