/** Options of the stack. */
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { resolveOptions } from "../options.ts";
import type { Env } from "../options.ts";
import { SYSTEM_DIRECTORY } from "../postgres/layout.ts";
import type { Machine, ServerName } from "./server-adapter.ts";

export interface StackOptions {
  /** The folder that holds everything of all servers. `SLUICE_STACK_DATA_DIRECTORY`. */
  readonly dataDirectory?: string | undefined;
  /**
   * Where downloads are kept, which all folders share. `SLUICE_STACK_CACHE_DIRECTORY`.
   * @default `~/.cache/sluice`; of root, `/var/lib/sluice`, which the servers' users can reach
   */
  readonly cacheDirectory?: string | undefined;
  /** The port of Kafka's clients; 0: any that is free. `SLUICE_STACK_KAFKA_PORT`. @default the one it had, else 9092, else any that is free */
  readonly kafkaPort?: number | string | undefined;
  /** The same of RabbitMQ. `SLUICE_STACK_RABBITMQ_PORT`. @default likewise, 5672 */
  readonly rabbitmqPort?: number | string | undefined;
  /** The same of Redis. `SLUICE_STACK_REDIS_PORT`. @default likewise, 6379 */
  readonly redisPort?: number | string | undefined;
  /** The same of Postgres. `SLUICE_STACK_POSTGRES_PORT`. @default likewise, 5432 */
  readonly postgresPort?: number | string | undefined;
  /** Whether what is missing is installed. `SLUICE_STACK_INSTALL`. @default true */
  readonly install?: boolean | undefined;
  /** How long a server may take until it answers. `SLUICE_STACK_START_MS`. @default 120000 */
  readonly startMs?: number | string | undefined;
  /** How long a server may take to end well. `SLUICE_STACK_STOP_MS`. @default 20000 */
  readonly stopMs?: number | string | undefined;
  /** Free bytes below which no server is started. `SLUICE_STACK_FREE_BYTES_MIN`. @default 256 MiB */
  readonly freeBytesMin?: number | string | undefined;
}

export interface ResolvedStackOptions {
  readonly dataDirectory: string;
  readonly machine: Machine;
  readonly ports: { readonly [Name in ServerName]: number | undefined };
  readonly mayInstall: boolean;
  readonly startMs: number;
  readonly stopMs: number;
  readonly freeBytesMin: number;
}

/** How the options are spelled as flags. */
export const STACK_FLAGS = {
  "stack.dataDirectory": "--data-dir",
  "stack.kafkaPort": "--kafka-port",
  "stack.rabbitmqPort": "--rabbitmq-port",
  "stack.redisPort": "--redis-port",
  "stack.postgresPort": "--postgres-port",
  "stack.install": "--no-install",
};

const DAY_MS = 86_400_000;
/** Where programs are on most machines; a root's login may have a shorter list. */
const USUAL_FOLDERS = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/**
 * Resolves the options; `defaultDirectory` is the data directory that is used unless another is named.
 * @throws HOST_BAD_OPTION (invalid) that lists every fault
 */
export function resolveStackOptions(
  options: StackOptions,
  env: Env,
  defaultDirectory?: string,
): ResolvedStackOptions {
  // Our default stands where a configuration file would, behind the environment.
  const file = { dataDirectory: defaultDirectory };
  return resolveOptions({ room: "stack", options, env, file }, (read) => {
    const ms = { min: 1, max: DAY_MS };
    const port = { min: 0, max: 65_535, optional: true } as const;
    return {
      dataDirectory: read.text("dataDirectory", {}),
      machine: {
        cacheDirectory: read.text("cacheDirectory", { default: defaultCacheDirectory() }),
        programFolders: programFoldersOf(env),
      },
      ports: {
        kafka: read.wholeNumber("kafkaPort", port),
        rabbitmq: read.wholeNumber("rabbitmqPort", port),
        redis: read.wholeNumber("redisPort", port),
        postgres: read.wholeNumber("postgresPort", port),
      },
      mayInstall: read.boolean("install", { default: true }),
      startMs: read.durationMs("startMs", { ...ms, default: 120_000 }),
      stopMs: read.durationMs("stopMs", { ...ms, default: 20_000 }),
      freeBytesMin: read.wholeNumber("freeBytesMin", { min: 0, default: 268_435_456 }),
    };
  });
}

function defaultCacheDirectory(): string {
  return process.getuid?.() === 0 ? SYSTEM_DIRECTORY : join(homedir(), ".cache", "sluice");
}

/** A Java that was named goes before the machine's own. */
function programFoldersOf(env: Env): readonly string[] {
  const java = env["JAVA_HOME"];
  const path = (env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const all = [...(java === undefined || java === "" ? [] : [join(java, "bin")]), ...path, ...USUAL_FOLDERS];
  return [...new Set(all)];
}
