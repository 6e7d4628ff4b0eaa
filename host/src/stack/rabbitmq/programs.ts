/** The program of RabbitMQ: the system's. */
import { aptInstall, packageRemedy } from "../install/apt.ts";
import { findProgram } from "../install/programs.ts";
import type { Finding, Machine, Progress } from "../server-adapter.ts";
import { rabbitmqLaunch } from "./settings.ts";

const PROGRAM = "rabbitmq-server";
const PACKAGE = { debian: "rabbitmq-server", homebrew: "rabbitmq" };

/** Not the one in /usr/sbin: that is Debian's, for the machine's own server, and knows only its folders. */
const FOLDERS = ["/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin"];

export async function findRabbitmq({ programFolders }: Machine): Promise<Finding> {
  const program = await findProgram(PROGRAM, FOLDERS);
  if (program === undefined)
    return { missing: { found: "there is no rabbitmq-server", remedy: packageRemedy(PACKAGE) } };
  return {
    installed: {
      make: async () => {},
      launchOf: (place) => rabbitmqLaunch(program, programFolders, place),
    },
  };
}

export async function installRabbitmq(machine: Machine, progress: Progress): Promise<void> {
  if ("missing" in (await findRabbitmq(machine))) await aptInstall([PACKAGE], machine, progress);
}
