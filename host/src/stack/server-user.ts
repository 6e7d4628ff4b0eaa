/** The user that a server runs as: ourselves, or, since no server runs as root, a powerless one. */
import { statSync } from "node:fs";
import { hostError } from "../errors.ts";
import { findUser } from "../postgres/os-user.ts";
import type { OsUser } from "../postgres/os-user.ts";

/** `undefined`: we are an ordinary user, and so is the server. As root: the owner of `home`, else the first of `names` that there is. */
export function serverUserOf(names: readonly string[], home: string): OsUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = statSync(home, { throwIfNoEntry: false });
  if (owner !== undefined && owner.uid !== 0)
    return { name: String(owner.uid), uid: owner.uid, gid: owner.gid };
  const user = names.map(findUser).find((found) => found !== undefined);
  if (user !== undefined) return user;
  throw hostError(
    "HOST_SERVER_START_FAILED",
    `no server runs as root, and there is no user ${names.join(" or ")}, expected one of them; run as an ordinary user`,
  );
}
