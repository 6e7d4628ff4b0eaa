/** How long the disk takes to make a page durable: what every commit waits for, and what others on the disk make slow. */
import { open, rm } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { median } from "../statistics.ts";

const WRITES = 50;
/** A page of WAL. */
const PAGE_BYTES = 8_192;

/** The median of some writes, in ms. */
export async function measureFsyncMs(folder: string): Promise<number> {
  const path = join(folder, `sluice-fsync-${randomUUID()}`);
  const file = await open(path, "w");
  try {
    const page = Buffer.alloc(PAGE_BYTES, 1);
    await file.write(Buffer.alloc(WRITES * PAGE_BYTES));
    await file.sync();
    const tookMs: number[] = [];
    for (let at = 0; at < WRITES; at++) {
      const startedMs = performance.now();
      await file.write(page, 0, PAGE_BYTES, at * PAGE_BYTES);
      await file.datasync();
      tookMs.push(performance.now() - startedMs);
    }
    return median(tookMs);
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}
