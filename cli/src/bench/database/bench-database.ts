/** The Postgres of a benchmark: an embedded one made for it and removed afterwards, or an empty database of somebody else's. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { SILENT_LOG } from "@sluice/host/log";
import { closePostgres, openPostgres, startEmbeddedPostgres } from "@sluice/host/postgres";
import type { EmbeddedPostgres, PostgresTarget, Sql } from "@sluice/host/postgres";
import { migrateEngine } from "../../database/engine-schema.ts";
import { cliError } from "../../errors.ts";
import { CEILING_EFFECTS_SCHEMA, CEILING_SCHEMA } from "../ceiling/tables.ts";
import { PARTICIPANTS_SCHEMA, createParticipantTables } from "../participants/tables.ts";
import { benchFolder } from "./bench-folder.ts";
import { measureFsyncMs } from "./fsync-latency.ts";

export interface BenchDatabase {
  readonly target: PostgresTarget;
  /** For the benchmark's own questions. */
  readonly sql: Sql;
  readonly version: string;
  /** `null` where the server is not ours, or this is not Linux: its CPU time is unknown then. */
  readonly postmasterPid: number | null;
  /** Median of making a page durable on its disk; `null` where the disk is not ours. */
  readonly fsyncMs: number | null;
  readonly isInMemory: boolean;
  /** The folder of the database; `null` where it is not ours. */
  readonly folder: string | null;
}

/** A server that stores ten million runs answers some questions late. */
const CONNECTIONS = 4;

export interface BenchDatabaseOptions {
  /** A server of somebody else's. @default an embedded one */
  readonly url?: string | undefined;
  /** Lets the server count what it does, statement by statement. */
  readonly isProfiled?: boolean;
}

export async function withBenchDatabase<T>(
  { url, isProfiled = false }: BenchDatabaseOptions,
  work: (database: BenchDatabase) => Promise<T>,
): Promise<T> {
  if (url !== undefined) return withPool({ target: url, ...ELSEWHERE }, workOnEmpty(work));
  const folder = benchFolder();
  const fsyncMs = await measureFsyncMs(folder.path);
  // Not made here: the database's user may be another than ours, and makes it as its own.
  const directory = join(folder.path, `sluice-bench-${randomUUID()}`);
  const embedded = await startServer(directory, isProfiled);
  try {
    return await withPool(
      {
        target: embedded.target,
        postmasterPid: embedded.pid() ?? null,
        fsyncMs,
        isInMemory: folder.isInMemory,
        folder: folder.path,
      },
      work,
    );
  } finally {
    await embedded.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What lets a server count takes effect at its next start. */
async function startServer(dataDirectory: string, isProfiled: boolean): Promise<EmbeddedPostgres> {
  const embedded = await startEmbeddedPostgres({ dataDirectory, log: SILENT_LOG });
  if (!isProfiled) return embedded;
  const sql = await openPostgres(embedded.target, { applicationName: "sluice-bench", connectionsMax: 1 });
  await sql`alter system set shared_preload_libraries = 'pg_stat_statements'`;
  await sql`alter system set pg_stat_statements.track_planning = on`;
  await sql`alter system set track_wal_io_timing = on`;
  await closePostgres(sql);
  await embedded.stop();
  return startEmbeddedPostgres({ dataDirectory, log: SILENT_LOG });
}

const ELSEWHERE = { postmasterPid: null, fsyncMs: null, isInMemory: false, folder: null };

async function withPool<T>(
  where: Omit<BenchDatabase, "sql" | "version">,
  work: (database: BenchDatabase) => Promise<T>,
): Promise<T> {
  const options = { applicationName: "sluice-bench", connectionsMax: CONNECTIONS, statementMs: 0 };
  const sql = await openPostgres(where.target, options);
  try {
    const [row] = await sql<{ version: string }[]>`select current_setting('server_version') as version`;
    return await work({ ...where, sql, version: row?.version ?? "unknown" });
  } finally {
    await closePostgres(sql);
  }
}

/** Schemas that the benchmark makes and drops again, as often as it likes. */
const SCHEMAS = ["sluice", PARTICIPANTS_SCHEMA, CEILING_SCHEMA, CEILING_EFFECTS_SCHEMA];

/** Tables that are put away while others are measured, by how many runs they hold. */
const SHELF = "sluice_stored_";

/** Nothing that was there before may be dropped, and what was made is not left behind. */
function workOnEmpty<T>(work: (database: BenchDatabase) => Promise<T>) {
  return async (database: BenchDatabase): Promise<T> => {
    const { sql } = database;
    await requireEmpty(sql);
    try {
      return await work(database);
    } finally {
      await dropSchemas(sql);
      await dropShelf(sql);
    }
  };
}

/** @throws CLI_BAD_ARGUMENT (invalid) */
export async function requireEmpty(sql: Sql): Promise<void> {
  const found = await sql<{ name: string }[]>`
    select nspname as name from pg_namespace
     where nspname = any(${SCHEMAS}) or starts_with(nspname, ${SHELF}) order by nspname`;
  if (found.length === 0) return;
  const names = found.map(({ name }) => name).join(", ");
  throw cliError(
    "CLI_BAD_ARGUMENT",
    `--database-url names a database that holds ${names}, expected an empty one: the benchmark makes and drops schemas of that name`,
  );
}

async function dropSchemas(sql: Sql): Promise<void> {
  for (const name of SCHEMAS) await sql`drop schema if exists ${sql(name)} cascade`;
}

async function dropShelf(sql: Sql): Promise<void> {
  const shelved = await sql<{ name: string }[]>`
    select nspname as name from pg_namespace where starts_with(nspname, ${SHELF})`;
  for (const { name } of shelved) await sql`drop schema ${sql(name)} cascade`;
}

/** Puts the engine's tables away; others can be made then. */
export async function shelve(sql: Sql, storedRuns: number): Promise<void> {
  await sql`alter schema sluice rename to ${sql(SHELF + storedRuns)}`;
}

/** Takes them back. */
export async function unshelve(sql: Sql, storedRuns: number): Promise<void> {
  await sql`alter schema ${sql(SHELF + storedRuns)} rename to sluice`;
}

/** The engine's tables and those of the participants, empty. */
export async function renewSchemas(sql: Sql): Promise<void> {
  await dropSchemas(sql);
  await migrateEngine(sql);
  await createParticipantTables(sql);
}
