/** Connections to a Postgres, embedded or not. */
import postgres from "postgres";
import { hostError } from "../errors.ts";
import { isConnectionError, toDatabaseError } from "./connection-error.ts";
import { fenceTransactions } from "./fenced-begin.ts";
import { describeTarget, socketPath } from "./url.ts";
import type { PostgresTarget } from "./url.ts";

/** The driver's `sql`, with transactions that end with their connection. `int8` arrives as text, as the driver does it. */
export type Sql = postgres.Sql;
export type TransactionSql = postgres.TransactionSql;

export interface OpenPostgresOptions {
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** @default 10 */
  readonly connectionsMax?: number;
  /** How long one statement may run; 0 is for ever. @default 60000 */
  readonly statementMs?: number;
  /** How long a statement may wait for a lock; 0 is for ever. @default 0 */
  readonly lockMs?: number;
  /** How long a transaction may rest between two statements: a frozen process must not hold its locks for ever. @default 60000 */
  readonly idleInTransactionMs?: number;
  /** How long connecting may take. @default 10000 */
  readonly connectMs?: number;
  /** The schema that unqualified names mean. @default the server's search path */
  readonly schema?: string;
}

/** The oldest release that its makers still mended when this was written. */
const VERSION_MIN = 140_000;

/**
 * Opens a pool and proves that it works.
 * @throws HOST_DATABASE_UNAVAILABLE (unavailable) when nobody answers; HOST_DATABASE_TOO_OLD (invalid) below version 14;
 *   HOST_BAD_OPTION (invalid) when the server refuses the user, the password or the database
 */
export async function openPostgres(target: PostgresTarget, options: OpenPostgresOptions): Promise<Sql> {
  const sql = createPool(target, options);
  try {
    await requireVersion(sql, target);
    return sql;
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw toOpenError(error, target);
  }
}

/** Closes a pool: statements in flight get `graceMs`, then they are cut. */
export async function closePostgres(sql: Sql, graceMs = 5000): Promise<void> {
  await sql.end({ timeout: graceMs / 1000 });
}

/** A database that comes back must be found quickly; the driver's own waits grow to 20 s. */
const RECONNECT_SECONDS_MAX = 0.25;

function createPool(target: PostgresTarget, options: OpenPostgresOptions): Sql {
  let closes = 0;
  const settings: postgres.Options<Record<string, postgres.PostgresType>> = {
    max: options.connectionsMax ?? 10,
    connect_timeout: (options.connectMs ?? 10_000) / 1000,
    idle_timeout: 0,
    // Ours are few and long-lived: ending one in mid-load only costs a reconnect.
    max_lifetime: null,
    backoff: (retries: number) => Math.min(0.01 * 2 ** retries, RECONNECT_SECONDS_MAX),
    onnotice: () => {},
    onclose: () => {
      closes += 1;
    },
    connection: {
      application_name: options.applicationName,
      statement_timeout: options.statementMs ?? 60_000,
      lock_timeout: options.lockMs ?? 0,
      idle_in_transaction_session_timeout: options.idleInTransactionMs ?? 60_000,
      ...(options.schema === undefined ? {} : { search_path: quoteIdentifier(options.schema) }),
    },
  };
  const sql =
    typeof target === "string" ? postgres(target, settings) : postgres(socketSettings(target, settings));
  return fenceTransactions(sql as Sql, () => closes);
}

function socketSettings<Settings>(target: Exclude<PostgresTarget, string>, settings: Settings) {
  const { socketDirectory, port, user, database } = target;
  return { ...settings, host: socketDirectory, path: socketPath(target), port, user, database };
}

/** A name as SQL takes it, whatever it holds. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

interface ServerVersion {
  /** `150004` is 15.4. */
  readonly number: number;
  readonly text: string;
}

async function requireVersion(sql: Sql, target: PostgresTarget): Promise<void> {
  const rows = await sql<ServerVersion[]>`
    select current_setting('server_version_num')::int as number, current_setting('server_version') as text`;
  for (const version of rows) checkVersion(version, describeTarget(target));
}

/** @throws HOST_DATABASE_TOO_OLD (invalid) */
export function checkVersion({ number, text }: ServerVersion, where: string): void {
  if (number >= VERSION_MIN) return;
  throw hostError(
    "HOST_DATABASE_TOO_OLD",
    `the Postgres at ${where} has version ${text}, expected at least 14; upgrade it, or name another with SLUICE_DATABASE_URL`,
    { fields: { version: text } },
  );
}

/** Classes 28 (no such user, wrong password) and 3D (no such database): wrong options, not a database that is away. */
const REFUSED = /^(?:28|3D)\w{3}$/;

function toOpenError(error: unknown, target: PostgresTarget): unknown {
  const reason = error instanceof Error ? error.message : String(error);
  const where = describeTarget(target);
  if (error instanceof postgres.PostgresError && REFUSED.test(error.code)) {
    return hostError(
      "HOST_BAD_OPTION",
      `the Postgres at ${where} refuses us (${reason}), expected a user and a database it knows; set SLUICE_DATABASE_URL`,
      { cause: error },
    );
  }
  if (!isConnectionError(error)) return toDatabaseError(error);
  return hostError(
    "HOST_DATABASE_UNAVAILABLE",
    `the Postgres at ${where} does not answer (${reason}), expected a running server; start it, or name another with SLUICE_DATABASE_URL`,
    { cause: error, retryAfterMs: 1000 },
  );
}
