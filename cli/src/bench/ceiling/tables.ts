/** Tables to write into: those of the engine, made by its own migrations, and those of the participants, both apart from the measured ones. */
import { randomUUID } from "node:crypto";
import { createPostgresStore, postgresMigrations } from "@sluice/engine/postgres";
import { migrate } from "@sluice/host/postgres";
import type { PostgresTarget, Sql } from "@sluice/host/postgres";
import { createParticipantTables } from "../participants/tables.ts";

export const CEILING_SCHEMA = "bench_ceiling";
export const CEILING_EFFECTS_SCHEMA = "bench_ceiling_effects";

export async function createCeilingTables(sql: Sql, target: PostgresTarget, lanes: number): Promise<void> {
  await dropCeilingTables(sql);
  const { room, directory } = postgresMigrations;
  await migrate(sql, { room, migrations: directory, schema: CEILING_SCHEMA });
  const store = createPostgresStore({ target, engineId: randomUUID(), schema: CEILING_SCHEMA });
  try {
    await store.openDeployment(lanes);
    // The periods and days that the rows of today lie in.
    await store.maintain(null);
  } finally {
    await store.close();
  }
  await createParticipantTables(sql, CEILING_EFFECTS_SCHEMA);
}

export async function dropCeilingTables(sql: Sql): Promise<void> {
  await sql.unsafe(
    `drop schema if exists ${CEILING_SCHEMA} cascade; drop schema if exists ${CEILING_EFFECTS_SCHEMA} cascade`,
  );
}
