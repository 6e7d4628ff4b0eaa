import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createLog } from "@sluice/host/log";
import { migrate, startEmbeddedPostgres } from "@sluice/host/postgres";
import type { EmbeddedPostgres, Sql } from "@sluice/host/postgres";
import { messageOf } from "../../arguments.ts";
import { migrateEngine } from "../../database/engine-schema.ts";
import { findFreePort } from "../../up/free-port.ts";
import { openBoundedDisk } from "./bounded-disk.ts";
import type { BoundedDisk } from "./bounded-disk.ts";
import { HOST } from "./start-processes.ts";
import type { OnClose } from "../closable.ts";
import type { WorldOptions } from "./world.ts";

export interface WorldDatabase {
  /** Where the database lies, if that can be full; else why it cannot. */
  readonly disk: BoundedDisk | string;
  readonly database: EmbeddedPostgres;
  readonly databaseUrl: string;
}

/** Engines have two writers at the most, a pool of 4 and one of 5; participants have 12, and so on. */
const CONNECTIONS_MAX = 150;
/** A disk that stays full for a while lets more than one start fail. */
const RESTARTS_MAX = 100;

/** A Postgres with fsync on, on a disk of its own where one can be had. */
export async function openDatabase(
  { directory, report }: Pick<WorldOptions, "directory" | "report">,
  onClose: OnClose,
): Promise<WorldDatabase> {
  const disk = await openBoundedDisk(directory).catch(messageOf);
  if (typeof disk !== "string")
    onClose((isEvidence) => disk.close(isEvidence ? join(directory, "data") : null));
  const dataDirectory = join(typeof disk === "string" ? directory : disk.directory, "data");
  return { disk, ...(await startDatabase({ dataDirectory, directory, report }, onClose)) };
}

/** A Postgres with fsync on; what becomes of it is told in `database.log` of the directory. */
export async function startDatabase(
  {
    dataDirectory,
    directory,
    report,
  }: Pick<WorldOptions, "directory" | "report"> & { dataDirectory: string },
  onClose: OnClose,
): Promise<Omit<WorldDatabase, "disk">> {
  const log = createWriteStream(join(directory, "database.log"));
  onClose(() => void log.end());
  const database = await startEmbeddedPostgres({
    dataDirectory,
    tcpPort: await findFreePort(HOST),
    connectionsMax: CONNECTIONS_MAX,
    restartsMax: RESTARTS_MAX,
    log: createLog({ destination: { write: (line) => void log.write(line) } }),
    onFailure: (error) => report("engine", `the database does not start any more: ${error.message}`),
  });
  onClose(() => database.stop());
  return { database, databaseUrl: database.tcpUrl ?? "" };
}

/** The engine's tables, and beside them those of participants and witnesses. */
export async function prepareSchemas(sql: Sql): Promise<void> {
  await migrateEngine(sql);
  const migrations = new URL("migrations/", import.meta.url);
  await migrate(sql, { room: "proof", migrations, schema: "proof" });
}
