/** How RabbitMQ is started: a node of its own, with its own epmd, everything of both on loopback. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { LOOPBACK } from "../server-adapter.ts";
import type { Launch, Place } from "../server-adapter.ts";

export const RABBITMQ_USER = "sluice";

/** Its data folders are named after it, so it stays the same whatever the machine is called. */
export const NODE_NAME = "sluice@localhost";

/** The folders of the system's programs, in which RabbitMQ's scripts look for Erlang. */
export function rabbitmqLaunch(program: string, programFolders: readonly string[], place: Place): Launch {
  const {
    home,
    ports: [, distributionPort, epmdPort],
  } = place;
  return {
    program,
    args: [],
    env: {
      PATH: programFolders.join(":"),
      LC_ALL: "C.UTF-8",
      HOSTNAME: "localhost",
      // Where Erlang looks for its cookie.
      HOME: home,
      // The script becomes the server: one process to watch and to signal.
      RUNNING_UNDER_SYSTEMD: "true",
      // The machine's own settings are for the machine's own server.
      RABBITMQ_CONF_ENV_FILE: join(home, "rabbitmq-env.conf"),
      RABBITMQ_NODENAME: NODE_NAME,
      RABBITMQ_CONFIG_FILE: join(home, CONFIG_FILE),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(home, PLUGINS_FILE),
      RABBITMQ_MNESIA_BASE: join(home, "mnesia"),
      RABBITMQ_LOG_BASE: join(home, "log"),
      // The log is the process's output.
      RABBITMQ_LOGS: "-",
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
      ERL_EPMD_ADDRESS: LOOPBACK,
      ERL_EPMD_PORT: String(epmdPort),
      ERL_CRASH_DUMP: join(home, "erl_crash.dump"),
    },
    files: [
      { name: CONFIG_FILE, text: configOf(place) },
      { name: PLUGINS_FILE, text: "[].\n" },
      { name: ".erlang.cookie", text: cookieOf(place) },
    ],
  };
}

const CONFIG_FILE = "rabbitmq.conf";
const PLUGINS_FILE = "enabled_plugins";

function configOf({ ports, secret }: Place): string {
  const settings = {
    "listeners.tcp.1": `${LOOPBACK}:${ports[0]}`,
    default_user: RABBITMQ_USER,
    default_pass: secret,
    "log.console.level": "warning",
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join("");
}

/** Who knows it may do anything to the node. It follows from the secret, so that a restart changes nothing. */
function cookieOf({ secret }: Place): string {
  return createHash("sha256").update(`erlang cookie ${secret}`).digest("hex");
}
