/** The server that runs in a folder already, left by a process of ours that is gone. */
import { readFile, realpath } from "node:fs/promises";
import { commandOf, startTimeOf, workingDirectoryOf } from "../process-identity.ts";
import { adoptServer } from "../server-process.ts";
import type { ServerProcess } from "../server-process.ts";
import type { ServerLayout } from "./server-layout.ts";

type Site = Pick<ServerLayout, "root" | "home" | "pidFile">;

/** `undefined`: none runs there. */
export async function findServer(layout: Site): Promise<ServerProcess | undefined> {
  const pid = Number(await readFile(layout.pidFile, "utf8").catch(() => "0"));
  return Number.isSafeInteger(pid) && pid > 0 && (await isServerOf(pid, layout))
    ? adoptServer(pid)
    : undefined;
}

/** The id in the file may have become a stranger's: ours works in the folder, or, where the system does not tell, was started with it. */
async function isServerOf(pid: number, { root, home }: Site): Promise<boolean> {
  if ((await startTimeOf(pid)) === undefined) return false;
  const directory = await workingDirectoryOf(pid);
  if (directory !== undefined) return directory === (await realpath(home).catch(() => home));
  return (await commandOf(pid))?.includes(root) === true;
}
