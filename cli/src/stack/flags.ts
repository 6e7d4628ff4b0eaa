/** What is said behind `sluice stack`. */
import { resolve } from "node:path";
import { resolveRooms } from "@sluice/host/options";
import { defaultStackDirectory, resolveStackOptions, STACK_FLAGS } from "@sluice/host/stack";
import type { ResolvedStackOptions } from "@sluice/host/stack";
import type { Cli } from "../cli.ts";
import type { JsonOption } from "../command.ts";

export interface StackFlags extends JsonOption {
  readonly dataDir?: string;
}

export interface InstallFlags extends StackFlags {
  readonly skipMissing?: boolean;
}

export interface UpFlags extends InstallFlags {
  readonly kafkaPort?: string;
  readonly rabbitmqPort?: string;
  readonly redisPort?: string;
  readonly postgresPort?: string;
  readonly detach?: boolean;
  /** Commander's: false where `--no-install` was said, else true. */
  readonly install?: boolean;
}

/** @throws HOST_BAD_OPTION (invalid) that lists every fault */
export function stackOptionsOf(
  flags: UpFlags,
  { env, directory }: Pick<Cli, "env" | "directory">,
): ResolvedStackOptions {
  const { dataDir, kafkaPort, rabbitmqPort, redisPort, postgresPort, install } = flags;
  const options = {
    // An empty one stays what it is, and is refused: taken for a relative path it would be the folder we are in.
    dataDirectory: dataDir ? resolve(directory, dataDir) : dataDir,
    kafkaPort,
    rabbitmqPort,
    redisPort,
    postgresPort,
    install: install === false ? false : undefined,
  };
  const { stack } = resolveRooms(
    { stack: () => resolveStackOptions(options, env, defaultStackDirectory(directory)) },
    STACK_FLAGS,
  );
  return stack;
}
