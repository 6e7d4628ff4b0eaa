/** The database of `sluice up`: the embedded one, started here, or a server that somebody else runs. */
import type { Log } from "@sluice/host/log";
import { describeTarget, startEmbeddedPostgres } from "@sluice/host/postgres";
import type { PostgresTarget } from "@sluice/host/postgres";
import type { Stopper } from "@sluice/host/stop";
import type { ResolvedDatabaseOptions } from "./options.ts";

export interface Database {
  readonly target: PostgresTarget;
  /** Of the embedded one. */
  readonly dataDirectory: string | undefined;
  /** How to have a look at it, without a password. */
  readonly hint: string;
}

export interface StartDatabaseParts {
  readonly options: ResolvedDatabaseOptions;
  readonly log: Log;
  readonly stopper: Pick<Stopper, "add">;
  /** Called when the embedded database died and could not be started again. */
  readonly onFailure: (error: Error) => void;
}

/** Past its own bound for stopping the server still goes through harder signals; the step must outlast them. */
const HARDER_SIGNALS_MS = 15_000;

/** Each path has a directory of its own, which outlives the folder: whoever clones again at the same place is told whose data that is. */
const ELSEWHERE =
  "the data of this folder lies outside of it, where the user that Postgres runs as can reach it; it stays when the folder goes, and a new one at the same path finds it again";

/** Starts the embedded database and registers its stop; of a server by URL nothing is asked yet. */
export async function startDatabase({
  options,
  log,
  stopper,
  onFailure,
}: StartDatabaseParts): Promise<Database> {
  if (options.url !== undefined) {
    return { target: options.url, dataDirectory: undefined, hint: describeTarget(options.url) };
  }
  const { embedded, isElsewhere } = options;
  log.info({ dataDirectory: embedded.dataDirectory }, "starting the database");
  if (isElsewhere) log.info({ dataDirectory: embedded.dataDirectory }, ELSEWHERE);
  const starting = startEmbeddedPostgres({ ...embedded, log, onFailure });
  stopper.add("database", async () => (await starting.catch(() => undefined))?.stop(), {
    stopMs: embedded.stopMs + HARDER_SIGNALS_MS,
  });
  const { target, tcpUrl, dataDirectory, isAdopted, version } = await starting;
  log.info({ dataDirectory, isAdopted, version }, "the database runs");
  const hint =
    tcpUrl ?? `psql -h ${target.socketDirectory} -p ${target.port} -U ${target.user} ${target.database}`;
  return { target, dataDirectory, hint };
}
