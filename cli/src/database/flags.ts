/** The flags that say which database a command works on. */
import type { Command } from "commander";

export interface DatabaseFlags {
  /** A Postgres to use instead of the embedded one. `SLUICE_DATABASE_URL`, or a file named by `SLUICE_DATABASE_URL_FILE`. */
  readonly databaseUrl?: string | undefined;
  /** Where the embedded Postgres keeps everything. `SLUICE_DATABASE_DATA_DIRECTORY`. @default `.sluice/data` */
  readonly dataDir?: string | undefined;
}

export function addDatabaseOptions(command: Command): Command {
  return command
    .option("--database-url <url>", "a Postgres to use instead of the embedded one (SLUICE_DATABASE_URL)")
    .option(
      "--data-dir <folder>",
      "where the embedded Postgres keeps everything (SLUICE_DATABASE_DATA_DIRECTORY; default .sluice/data)",
    );
}
