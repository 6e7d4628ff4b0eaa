/** The program of Redis: the system's. */
import { aptInstall, packageRemedy } from "../install/apt.ts";
import { findProgram } from "../install/programs.ts";
import type { Finding, Machine, Progress } from "../server-adapter.ts";
import { redisLaunch } from "./settings.ts";

const PROGRAM = "redis-server";
const PACKAGE = { debian: "redis-server", homebrew: "redis" };

export async function findRedis({ programFolders }: Machine): Promise<Finding> {
  const program = await findProgram(PROGRAM, programFolders);
  if (program === undefined)
    return { missing: { found: "there is no redis-server", remedy: packageRemedy(PACKAGE) } };
  return { installed: { make: async () => {}, launchOf: (place) => redisLaunch(program, place) } };
}

export async function installRedis(machine: Machine, progress: Progress): Promise<void> {
  if ("missing" in (await findRedis(machine))) await aptInstall([PACKAGE], machine, progress);
}
