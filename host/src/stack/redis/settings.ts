/** How Redis is started: on loopback, with an append-only file that a killed process leaves whole. */
import { LOOPBACK } from "../server-adapter.ts";
import type { Launch, Place } from "../server-adapter.ts";

export const REDIS_SETTINGS: Readonly<Record<string, string>> = {
  appendonly: "yes",
  // A second of writes may be lost when the machine dies, none when only Redis does.
  appendfsync: "everysec",
  // The append-only file is enough: no snapshots beside it.
  save: '""',
};

export function redisLaunch(program: string, { home, ports }: Place): Launch {
  const settings = {
    bind: LOOPBACK,
    port: ports[0],
    dir: JSON.stringify(home),
    daemonize: "no",
    // The log is the process's output.
    logfile: '""',
    "always-show-logo": "no",
    ...REDIS_SETTINGS,
  };
  const text = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
  return {
    program,
    args: ["redis.conf"],
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
    files: [{ name: "redis.conf", text: text.join("") }],
  };
}
