/** Where the benchmark's database lies: on a disk. In memory every commit would be durable for nothing, and every figure too good. */
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Numbers of file systems that live in memory. @see statfs(2) */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994 /* tmpfs */, 0x858458f6 /* ramfs */]);

/** Kept over restarts, and so on a disk. @see FHS 3.0, 5.15 */
const LASTING_FOLDER = "/var/tmp";

export interface BenchFolder {
  readonly path: string;
  /** There was none on a disk. */
  readonly isInMemory: boolean;
}

export function benchFolder(candidates: readonly string[] = [tmpdir(), LASTING_FOLDER]): BenchFolder {
  const path = candidates.find((candidate) => !isInMemory(candidate));
  return path === undefined
    ? { path: candidates[0] ?? tmpdir(), isInMemory: true }
    : { path, isInMemory: false };
}

function isInMemory(path: string): boolean {
  try {
    return IN_MEMORY.has(statfsSync(path).type);
  } catch {
    // A folder that is not there is no choice either.
    return true;
  }
}
