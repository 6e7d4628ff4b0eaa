/** The checks of `sluice audit` on a database: the engine's invariants and the laws of an app. Nothing is changed. */
import { randomUUID } from "node:crypto";
import { nameId } from "@sluice/engine";
import type { AuditReport } from "@sluice/engine";
import { compileSchema } from "@sluice/engine/definition";
import { createPostgresStore } from "@sluice/engine/postgres";
import { SILENT_LOG } from "@sluice/host/log";
import { SILENT_METER } from "@sluice/host/metrics";
import type { Env } from "@sluice/host/options";
import { closePostgres, openPostgres } from "@sluice/host/postgres";
import type { PostgresTarget, Sql } from "@sluice/host/postgres";
import type { SluiceApp } from "../app.ts";
import { requireEngineSchema } from "../database/engine-schema.ts";
import { schemaOf, toAppError } from "../up/app-file.ts";

/** A law of an app, with one sentence for each breach. */
export interface CheckedLaw {
  readonly name: string;
  readonly findings: readonly string[];
}

/** @throws CLI_NO_DATABASE (missing) when the database holds no schema of ours, or one of another version */
export async function auditEngine(target: PostgresTarget, isQuiet: boolean): Promise<AuditReport> {
  await withPool(target, { applicationName: "sluice-audit" }, requireEngineSchema);
  const store = createPostgresStore({ target, engineId: randomUUID() });
  try {
    return await store.audit({ quiet: isQuiet, compileSchema, nameId });
  } finally {
    await store.close();
  }
}

export interface AuditAppParts {
  readonly app: SluiceApp;
  readonly target: PostgresTarget;
  readonly env: Env;
  readonly dataDirectory: string;
  readonly baseUrl: string;
  readonly stop: AbortSignal;
}

/** @throws CLI_BAD_APP (invalid) when the app cannot be opened or one of its audits fails */
export async function auditApp({ app, target, ...rest }: AuditAppParts): Promise<readonly CheckedLaw[]> {
  const schema = schemaOf(app);
  return withPool(target, { applicationName: `sluice-audit-${app.name}`, schema }, async (sql) => {
    try {
      return await checkLaws(app, { ...rest, sql, schema, log: SILENT_LOG, meter: SILENT_METER });
    } catch (error) {
      throw toAppError(`app ${app.name} could not be audited`, error);
    }
  });
}

async function checkLaws(
  app: SluiceApp,
  context: Parameters<SluiceApp["open"]>[0],
): Promise<readonly CheckedLaw[]> {
  const open = await app.open(context);
  try {
    const laws: CheckedLaw[] = [];
    for (const law of open.audits ?? []) laws.push({ name: law.name, findings: await law.check() });
    return laws;
  } finally {
    await open.close?.();
  }
}

/** A check reads much, so its statements may take their time. */
async function withPool<T>(
  target: PostgresTarget,
  options: { readonly applicationName: string; readonly schema?: string },
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  const sql = await openPostgres(target, { ...options, connectionsMax: 2, statementMs: 0 });
  try {
    return await work(sql);
  } finally {
    await closePostgres(sql);
  }
}
