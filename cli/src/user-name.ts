/** Who sits before the terminal, for the record of what is done. */
import { userInfo } from "node:os";
import type { Cli } from "./cli.ts";

/** `SLUICE_BY`, else the name of the user, which containers and cron may only know from the system; undefined where it has none. */
export function userName({ env }: Pick<Cli, "env">): string | undefined {
  const named = [env["SLUICE_BY"], env["USER"], env["USERNAME"]].find(
    (each) => each !== undefined && each !== "",
  );
  return named ?? systemUserName();
}

/** A user id without an entry in the system's list of users has no name. */
function systemUserName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
