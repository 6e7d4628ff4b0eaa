/** The app of a process: its schema brought up to date, its pool, and the app itself, open. */
import type { Log } from "@sluice/host/log";
import type { Meter } from "@sluice/host/metrics";
import type { Env } from "@sluice/host/options";
import { closePostgres, migrate, openPostgres } from "@sluice/host/postgres";
import type { PostgresTarget, Sql } from "@sluice/host/postgres";
import type { Stopper } from "@sluice/host/stop";
import type { OpenApp, SluiceApp } from "../app.ts";
import { migrateEngine } from "../database/engine-schema.ts";
import { schemaOf, toAppError } from "./app-file.ts";

export interface AppParts {
  readonly app: SluiceApp;
  readonly target: PostgresTarget;
  readonly log: Log;
  readonly meter: Meter;
  readonly stopper: Pick<Stopper, "add" | "signal">;
  readonly env: Env;
  readonly dataDirectory: string;
  readonly baseUrl: string;
}

/** The app's own work beside the batches: routes, audits. The engine has connections of its own. */
const CONNECTIONS_MAX = 5;

/** Migrates the engine's schema and the app's, then opens the app. */
export async function prepareApp(parts: AppParts): Promise<{ sql: Sql; openApp: OpenApp }> {
  const { app, target, stopper } = parts;
  const schema = schemaOf(app);
  const applicationName = `sluice-${app.name}`;
  const sql = await openPostgres(target, { applicationName, connectionsMax: CONNECTIONS_MAX, schema });
  stopper.add("connections", () => closePostgres(sql));
  await migrateEngine(sql);
  if (app.migrations !== undefined) {
    await migrate(sql, { room: app.name, migrations: app.migrations, schema });
  }
  return { sql, openApp: await openApp(parts, sql) };
}

async function openApp(
  { app, log, meter, stopper, env, dataDirectory, baseUrl }: AppParts,
  sql: Sql,
): Promise<OpenApp> {
  const schema = schemaOf(app);
  const context = { sql, schema, log, meter, env, dataDirectory, baseUrl, stop: stopper.signal };
  const opening = (async () => app.open(context))();
  stopper.add("app", async () => (await opening.catch(() => undefined))?.close?.());
  try {
    return await opening;
  } catch (error) {
    throw toAppError(`app ${app.name} could not be opened`, error);
  }
}
