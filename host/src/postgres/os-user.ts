/** The user that the embedded Postgres runs as: ourselves, or, since Postgres refuses root, a powerless one. */
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { hostError } from "../errors.ts";

export interface OsUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** `undefined`: an ordinary user, who runs Postgres as is. As root: the one who owns `cluster`, else `postgres`, else `nobody`. */
export function serverUser(cluster: string): OsUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(cluster, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0)
    return { name: String(owner.uid), uid: owner.uid, gid: owner.gid };
  const user = findUser("postgres") ?? findUser("nobody");
  if (user !== undefined) return user;
  throw hostError(
    "HOST_DATABASE_START_FAILED",
    "the embedded Postgres must not run as root and there is neither a user postgres nor nobody, expected one of them; run as an ordinary user, or set SLUICE_DATABASE_URL",
  );
}

/** @see passwd(5) */
export function findUser(name: string): OsUser | undefined {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? undefined : { name, uid: Number(uid), gid: Number(gid) };
}

/** Whether a user may enter every folder above `path` (those that exist) and `path` itself if it is one. */
export function isReachable(path: string, user: OsUser): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    const entry = statSync(folder, { throwIfNoEntry: false });
    if (entry?.isDirectory() === true && !mayEnter(entry, user)) return false;
    if (folder === dirname(folder)) return true;
  }
}

interface Owned {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

function mayEnter({ mode, uid, gid }: Owned, user: OsUser): boolean {
  if (uid === user.uid) return (mode & 0o100) !== 0;
  if (gid === user.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}
