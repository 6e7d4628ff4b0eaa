/**
 * Numbered migrations, applied by whoever comes first.
 * G1  Each migration and its row in `sluice_migrations` are one transaction: both or neither.
 * G2  All of them hold the same advisory lock, so several processes take turns and find the work done.
 * G3  A database that is ahead of this code, or whose past differs from it, is refused before anything is changed.
 */
import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hostError } from "../errors.ts";
import { toDatabaseError } from "./connection-error.ts";
import { quoteIdentifier } from "./open.ts";
import type { Sql, TransactionSql } from "./open.ts";

/** `name` is `0001-what-it-does`; the number orders them. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export interface MigrateOptions {
  /** Whose schema it is: each room counts for itself. */
  readonly room: string;
  /** A folder of files `0001-name.sql`, or the migrations themselves. */
  readonly migrations: string | URL | readonly Migration[];
  /** The schema to work in; made when it is missing. @default the connection's own */
  readonly schema?: string;
}

export interface MigrationOutcome {
  /** The names that were applied by this call. */
  readonly applied: readonly string[];
  /** The number the schema is at now. */
  readonly number: number;
}

interface NumberedMigration extends Migration {
  readonly number: number;
  readonly checksum: string;
}

interface AppliedRow {
  readonly number: number;
  readonly name: string;
  readonly checksum: string;
}

/** Any constant will do, as long as it is always the same: all rooms of a database take turns. */
const LOCK_KEY = 7_588_331_904;

/**
 * Brings the schema of a room to the newest number this code knows.
 * @throws HOST_SCHEMA_TOO_NEW (conflict), HOST_MIGRATION_CHANGED (conflict), HOST_MIGRATION_FAILED (bug),
 *   HOST_DATABASE_UNAVAILABLE (unavailable)
 */
export async function migrate(sql: Sql, options: MigrateOptions): Promise<MigrationOutcome> {
  const migrations = await readMigrations(options.migrations);
  const applied: string[] = [];
  try {
    // Once to see what is there, then once per migration that is missing; another process may do some in between.
    for (let next = await applyNext(sql, options, migrations); next !== undefined;) {
      applied.push(next);
      next = await applyNext(sql, options, migrations);
    }
  } catch (error) {
    throw toDatabaseError(error);
  }
  return { applied, number: migrations.at(-1)?.number ?? 0 };
}

/** Applies the first migration that is missing; `undefined`: none is. */
async function applyNext(
  sql: Sql,
  { room, schema }: MigrateOptions,
  migrations: readonly NumberedMigration[],
): Promise<string | undefined> {
  const answer = await sql.begin(async (tx) => {
    // Waiting for another process's migrations may take as long as they do.
    await tx`select set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)`;
    await tx`select pg_advisory_xact_lock(${LOCK_KEY})`;
    if (schema !== undefined) await useSchema(tx, schema);
    const rows = await readApplied(tx, room);
    assertSamePast(room, migrations, rows);
    const next = migrations[rows.length];
    if (next === undefined) return undefined;
    await apply(tx, room, next);
    return next.name;
  });
  return answer ?? undefined;
}

async function useSchema(tx: TransactionSql, schema: string): Promise<void> {
  // `if not exists` believes what the session remembers, which may be older than the lock: asking the catalog brings it up to date.
  const [found] = await tx`select 1 from pg_namespace where nspname = ${schema}`;
  if (found === undefined) await tx.unsafe(`create schema if not exists ${quoteIdentifier(schema)}`);
  await tx`select set_config('search_path', ${quoteIdentifier(schema)}, true)`;
}

async function readApplied(tx: TransactionSql, room: string): Promise<readonly AppliedRow[]> {
  await tx`
    create table if not exists sluice_migrations (
      room text not null,
      number int not null,
      name text not null,
      checksum text not null,
      applied_at timestamptz not null default now(),
      primary key (room, number)
    )`;
  return tx<AppliedRow[]>`
    select number, name, checksum from sluice_migrations where room = ${room} order by number`;
}

/** What was applied must be a beginning of what we know, name by name and text by text. */
function assertSamePast(
  room: string,
  migrations: readonly NumberedMigration[],
  rows: readonly AppliedRow[],
): void {
  const newest = rows.at(-1);
  const known = migrations.at(-1)?.number ?? 0;
  if (newest !== undefined && newest.number > known) {
    throw hostError(
      "HOST_SCHEMA_TOO_NEW",
      `${room}: the schema is at ${newest.name}, expected at most number ${known}; start the version that made it, or a newer one`,
      { fields: { room, found: newest.number, known } },
    );
  }
  for (const [index, row] of rows.entries()) {
    const migration = migrations[index];
    if (migration?.number === row.number && migration.checksum === row.checksum) continue;
    throw hostError(
      "HOST_MIGRATION_CHANGED",
      `${room}: migration ${row.name} was applied with another text than ${migration?.name ?? "none"} has now, expected the same; restore that file and put the change into a new one`,
      { fields: { room, number: row.number, applied: row.checksum, known: migration?.checksum } },
    );
  }
}

async function apply(tx: TransactionSql, room: string, migration: NumberedMigration): Promise<void> {
  try {
    await tx.unsafe(migration.sql);
  } catch (error) {
    if (toDatabaseError(error) !== error) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw hostError(
      "HOST_MIGRATION_FAILED",
      `${room}: migration ${migration.name} failed: ${reason}; nothing of it was kept`,
      { fields: { room, number: migration.number }, cause: error },
    );
  }
  await tx`
    insert into sluice_migrations (room, number, name, checksum)
    values (${room}, ${migration.number}, ${migration.name}, ${migration.checksum})`;
}

const FILE_NAME = /^(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*$/;

async function readMigrations(source: MigrateOptions["migrations"]): Promise<readonly NumberedMigration[]> {
  const list = typeof source === "string" || source instanceof URL ? await readFolder(source) : source;
  const numbered = list.map(toNumbered).sort((a, b) => a.number - b.number);
  for (const [index, { name, number }] of numbered.entries()) {
    if (number !== index + 1)
      throw new Error(`migration ${name} has number ${number}, expected ${index + 1}`);
  }
  return numbered;
}

async function readFolder(source: string | URL): Promise<readonly Migration[]> {
  const folder = typeof source === "string" ? source : fileURLToPath(source);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql"));
  return Promise.all(
    names.map(async (name) => ({ name: name.slice(0, -4), sql: await readFile(join(folder, name), "utf8") })),
  );
}

function toNumbered({ name, sql }: Migration): NumberedMigration {
  const number = FILE_NAME.exec(name)?.[1];
  if (number === undefined) throw new Error(`migration ${name}: expected a name such as 0001-runs`);
  // A checkout on another system may change line ends, which changes nothing.
  const checksum = createHash("sha256").update(sql.replaceAll("\r\n", "\n")).digest("hex");
  return { name, sql, number: Number(number), checksum };
}
