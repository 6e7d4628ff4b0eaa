/** The database of a deployment, for a command that only looks: where it runs, or started for as long as the look takes. */
import { existsSync } from "node:fs";
import { hasCode } from "@sluice/contracts/problem";
import { hostError } from "@sluice/host/errors";
import type { Log } from "@sluice/host/log";
import { findRunningTarget, holdsDatabase, startEmbeddedPostgres } from "@sluice/host/postgres";
import type { PostgresTarget, ResolvedEmbeddedOptions } from "@sluice/host/postgres";
import { cliError } from "../errors.ts";
import type { ResolvedDatabaseOptions } from "./options.ts";

export interface OpenDatabase {
  readonly target: PostgresTarget;
  /** Stops what was started here; a server that ran before goes on. */
  close(): Promise<void>;
}

/** @throws CLI_NO_DATABASE (missing) when the data directory holds none; and as `startEmbeddedPostgres` */
export async function openDatabase(options: ResolvedDatabaseOptions, log: Log): Promise<OpenDatabase> {
  if (options.url !== undefined) return { target: options.url, close: async () => {} };
  return openEmbedded(options.embedded, log);
}

/**
 * A server that runs is asked without a word to its data directory, which may be full. Where none runs the directory's lock
 * decides: who gets it starts the server, who does not asks the one that has come up meanwhile.
 */
async function openEmbedded(options: ResolvedEmbeddedOptions, log: Log): Promise<OpenDatabase> {
  const { dataDirectory } = options;
  if (!holdsDatabase(dataDirectory)) throw noDatabase(dataDirectory);
  const running = await findRunningTarget(dataDirectory);
  if (running !== undefined) return { target: running, close: async () => {} };
  try {
    const embedded = await startEmbeddedPostgres({ ...options, log });
    return { target: embedded.target, close: () => embedded.stop() };
  } catch (error) {
    if (!hasCode(error, "HOST_DATA_DIRECTORY_IN_USE")) throw error;
    const target = await findRunningTarget(dataDirectory);
    if (target === undefined) throw notRunning(dataDirectory);
    return { target, close: async () => {} };
  }
}

function noDatabase(dataDirectory: string): Error {
  const found = existsSync(dataDirectory) ? "no database in the" : "no";
  return cliError(
    "CLI_NO_DATABASE",
    `there is ${found} data directory ${dataDirectory}, expected one that \`sluice up\` has made; name it with --data-dir, or a server with --database-url`,
  );
}

function notRunning(dataDirectory: string): Error {
  return hostError(
    "HOST_DATABASE_UNAVAILABLE",
    `the database of ${dataDirectory} is starting or stopping, expected one that runs; try again in a moment`,
    { fields: { dataDirectory }, retryAfterMs: 1_000 },
  );
}
