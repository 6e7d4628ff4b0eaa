/** The engine's schema in a database: made by `up`, only looked at by everybody else. */
import { readdir } from "node:fs/promises";
import { postgresMigrations } from "@sluice/engine/postgres";
import { migrate } from "@sluice/host/postgres";
import type { Sql } from "@sluice/host/postgres";
import { cliError } from "../errors.ts";

const SCHEMA = "sluice";
const ROOM = "engine";

/** @throws HOST_SCHEMA_TOO_NEW (conflict) and whatever else `migrate` throws */
export async function migrateEngine(sql: Sql): Promise<void> {
  await migrate(sql, { room: ROOM, migrations: postgresMigrations.directory, schema: SCHEMA });
}

/** @throws CLI_NO_DATABASE (missing) when there is no schema of ours, or one of another version: nothing here may change it */
export async function requireEngineSchema(sql: Sql): Promise<void> {
  const found = await schemaNumber(sql);
  const files = await readdir(postgresMigrations.directory);
  const expected = files.filter((name) => name.endsWith(".sql")).length;
  if (found === expected) return;
  if (found === 0) {
    throw cliError(
      "CLI_NO_DATABASE",
      "the database holds no schema of Sluice, expected one that `sluice up` has made",
    );
  }
  throw cliError(
    "CLI_NO_DATABASE",
    `the schema of the database is at number ${found}, expected ${expected}; use the version of sluice that made it, or let \`sluice up\` of this one bring it up to date`,
    { fields: { found, expected } },
  );
}

async function schemaNumber(sql: Sql): Promise<number> {
  const [table] = await sql<{ exists: boolean }[]>`
    select to_regclass(${`${SCHEMA}.sluice_migrations`}) is not null as exists`;
  if (table?.exists !== true) return 0;
  const [row] = await sql<{ number: number | null }[]>`
    select max(number) as number from ${sql(SCHEMA)}.sluice_migrations where room = ${ROOM}`;
  return row?.number ?? 0;
}
