import { createHash } from "node:crypto";
import { glob, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");
/** What a proof is of. The proof itself may change: what it has seen, it has seen. */
const SUBJECT = ["contracts/src", "engine/src", "host/src"];

/** The same for the same source of what is proved, tests left out: a journal does not go on with another. */
export async function sourceId(): Promise<string> {
  const hash = createHash("sha256");
  for (const path of await listSubject())
    hash
      .update(`${relative(ROOT, path)}\0`)
      .update(await readFile(path))
      .update("\0");
  return hash.digest("hex").slice(0, 16);
}

async function listSubject(): Promise<readonly string[]> {
  const patterns = SUBJECT.map((room) => join(room, "**/*.{ts,sql}"));
  const paths = await Array.fromAsync(glob(patterns, { cwd: ROOT }));
  return paths
    .filter((path) => !path.endsWith(".test.ts") && !path.includes("/fixtures/"))
    .map((path) => join(ROOT, path))
    .toSorted();
}
