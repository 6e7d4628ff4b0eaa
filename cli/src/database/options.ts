/** Which database a command works on: a server by its URL, or the embedded one in a data directory. */
import { resolve } from "node:path";
import { resolveOptions, resolveRooms } from "@sluice/host/options";
import type { Env } from "@sluice/host/options";
import { defaultDataDirectory, resolveEmbeddedOptions } from "@sluice/host/postgres";
import type { ResolvedEmbeddedOptions } from "@sluice/host/postgres";
import type { DatabaseFlags } from "./flags.ts";

export type ResolvedDatabaseOptions =
  | { readonly url: string; readonly embedded?: never }
  | {
      readonly embedded: ResolvedEmbeddedOptions;
      /** Whether nobody has named the data directory, and it lies elsewhere than in the folder we were started in. */
      readonly isElsewhere: boolean;
      readonly url?: never;
    };

/** How the options of the database are spelled as flags. */
export const DATABASE_FLAGS = { "database.url": "--database-url", "database.dataDirectory": "--data-dir" };

/**
 * A URL wins over a data directory, and a flag over the environment: a `--data-dir` is not overruled by a variable.
 * @throws HOST_BAD_OPTION (invalid) that lists every fault
 */
export function resolveDatabaseOptions(
  flags: DatabaseFlags,
  env: Env,
  directory: string,
): ResolvedDatabaseOptions {
  const { database } = resolveRooms(
    { database: () => readDatabaseOptions(flags, env, directory) },
    DATABASE_FLAGS,
  );
  return database;
}

function readDatabaseOptions(flags: DatabaseFlags, env: Env, directory: string): ResolvedDatabaseOptions {
  const isEmbedded = flags.dataDir !== undefined && flags.databaseUrl === undefined;
  const { url } = resolveOptions(
    { room: "database", options: { url: flags.databaseUrl }, env: isEmbedded ? {} : env },
    (read) => ({
      url: read.url("url", {
        optional: true,
        secret: true,
        schemes: ["postgres", "postgresql"],
        // Not SLUICE_URL, by which the other commands find the server.
        variable: "SLUICE_DATABASE_URL",
      }),
    }),
  );
  if (url !== undefined) return { url };
  // An empty one stays what it is, and is refused: taken for a relative path it would be the folder we are in.
  const dataDirectory = flags.dataDir ? resolve(directory, flags.dataDir) : flags.dataDir;
  // Our default stands where a configuration file would, behind the environment.
  const file = { dataDirectory: defaultDataDirectory(directory) };
  const embedded = resolveEmbeddedOptions({ dataDirectory }, env, file);
  const isElsewhere =
    embedded.dataDirectory === file.dataDirectory && !file.dataDirectory.startsWith(resolve(directory));
  return { embedded, isElsewhere };
}

/** Where an app may keep files beside its tables. */
export function appDirectory({ embedded }: ResolvedDatabaseOptions): string {
  return embedded?.dataDirectory ?? resolve(".sluice");
}
