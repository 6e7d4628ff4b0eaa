/** Where the embedded Postgres keeps what: one folder of ours, with everything that belongs to it inside. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { isReachable, serverUser } from "./os-user.ts";
import { socketPath } from "./url.ts";

/** Where root keeps what other users must reach. */
export const SYSTEM_DIRECTORY = "/var/lib/sluice";

/** Only names the socket file, for the server opens no TCP port of its own accord. */
export const SOCKET_PORT = 5432;

/** The database that is used unless another is named. */
export const DATABASE = "postgres";

export interface Layout {
  /** The data directory that the user named. */
  readonly root: string;
  /** Postgres' own data directory. */
  readonly cluster: string;
  readonly lockFile: string;
  readonly logFile: string;
  /** Mode 0700: the permission to enter it is the permission to connect. */
  readonly socketDirectory: string;
}

/** The path of a unix socket ends at 108 bytes on Linux and 104 on macOS, its closing zero included. */
const SOCKET_PATH_BYTES_MAX = 100;

export function layoutOf(dataDirectory: string): Layout {
  const root = resolve(dataDirectory);
  return {
    root,
    cluster: join(root, "postgres"),
    lockFile: join(root, "sluice.lock"),
    logFile: join(root, "log", "postgres.log"),
    socketDirectory: socketDirectoryOf(root),
  };
}

function socketDirectoryOf(root: string): string {
  const inside = join(root, "run");
  const path = socketPath({ socketDirectory: inside, port: SOCKET_PORT });
  return Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX
    ? inside
    : join(tmpdir(), `sluice-${hashOf(root, 16)}`);
}

/** Whether there is a database, whole: it gets its name when it is. One that is closed to us counts, for it is there. */
export function holdsCluster({ cluster }: Pick<Layout, "cluster">): boolean {
  try {
    return statSync(join(cluster, "PG_VERSION"), { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return Object(error).code === "EACCES";
  }
}

/** Whether the socket lies outside of the data directory, and so has to be removed by itself. */
export function isOutside({ root, socketDirectory }: Layout): boolean {
  return dirname(socketDirectory) !== root;
}

/**
 * The data directory of a project: `<root>/.sluice/data`. As root, where the user that Postgres runs as cannot reach
 * that (a clone below /root), a folder below /var/lib/sluice named after it.
 */
export function defaultDataDirectory(root: string): string {
  const inside = join(resolve(root), ".sluice", "data");
  const user = serverUser(layoutOf(inside).cluster);
  if (user === undefined || isReachable(inside, user)) return inside;
  return systemDirectoryOf(root);
}

/** The folder of a project below /var/lib/sluice, named after it. */
export function systemDirectoryOf(root: string): string {
  return join(SYSTEM_DIRECTORY, `${basename(resolve(root))}-${hashOf(resolve(root), 8)}`);
}

function hashOf(text: string, length: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}
