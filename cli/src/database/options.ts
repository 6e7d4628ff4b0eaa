/** Which database a command works on: a server by its URL, or the embedded one in a data directory. */
import { resolve } from "node:path";
import { resolveOptions } from "@sluice/host/options";
import type { Env } from "@sluice/host/options";
import { defaultDataDirectory, resolveEmbeddedOptions } from "@sluice/host/postgres";
import type { ResolvedEmbeddedOptions } from "@sluice/host/postgres";
import type { DatabaseFlags } from "./flags.ts";

export type ResolvedDatabaseOptions =
  | { readonly url: string; readonly embedded?: never }
  | { readonly embedded: ResolvedEmbeddedOptions; readonly url?: never };

/**
 * A URL wins over a data directory, and a flag over the environment: a `--data-dir` is not overruled by a variable.
 * @throws HOST_BAD_OPTION (invalid)
 */
export function resolveDatabaseOptions(
  flags: DatabaseFlags,
  env: Env,
  directory: string,
): ResolvedDatabaseOptions {
  const isEmbedded = flags.dataDir !== undefined && flags.databaseUrl === undefined;
  const { databaseUrl } = resolveOptions(
    { room: "cli", options: flags, env: isEmbedded ? {} : env },
    (read) => ({
      databaseUrl: read.url("databaseUrl", {
        optional: true,
        secret: true,
        schemes: ["postgres", "postgresql"],
      }),
    }),
  );
  if (databaseUrl !== undefined) return { url: databaseUrl };
  const dataDirectory = flags.dataDir === undefined ? undefined : resolve(directory, flags.dataDir);
  // Our default stands where a configuration file would, behind the environment.
  const file = { dataDirectory: defaultDataDirectory(directory) };
  return { embedded: resolveEmbeddedOptions({ dataDirectory }, env, file) };
}

/** Where an app may keep files beside its tables. */
export function appDirectory({ embedded }: ResolvedDatabaseOptions): string {
  return embedded?.dataDirectory ?? resolve(".sluice");
}
