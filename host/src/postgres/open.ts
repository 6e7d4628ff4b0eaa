/** Connections to a Postgres, embedded or not. */
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode, lostConnection, reasonFromServer } from "@sluice/contracts/problem";
import postgres from "postgres";
import { hostError } from "../errors.ts";
import { isConnectionError, toDatabaseError } from "./connection-error.ts";
import { fenceTransactions } from "./fenced-begin.ts";
import { endSilence } from "./silence.ts";
import { describeTarget, socketPath, urlFault } from "./url.ts";
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
  /**
   * How long a server may answer nothing of what it is asked before a new connection is to tell whether anybody is there. When that is
   * not answered within 2 s, all that waits fails as HOST_DATABASE_SILENT. @default 8000
   */
  readonly silentMs?: number;
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
 *   HOST_BAD_OPTION (invalid) when the URL cannot be read, or the server refuses the user, the password or the database
 */
export async function openPostgres(target: PostgresTarget, options: OpenPostgresOptions): Promise<Sql> {
  const fault = typeof target === "string" ? urlFault(target) : null;
  if (fault !== null) throw unreadable(fault);
  const resolved = { ...DEFAULTS, ...options };
  const sql = createPool(target, resolved);
  try {
    await requireVersion(sql, target);
    return sql;
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw toOpenError(error, target, resolved);
  }
}

/** Never shows the URL: where it cannot be read, nobody knows which part of it is the password. */
function unreadable(fault: string): Error {
  return hostError(
    "HOST_BAD_OPTION",
    `the URL of the Postgres cannot be read, expected ${fault}; set SLUICE_DATABASE_URL`,
  );
}

/** Closes a pool: statements in flight get `graceMs`, then they are cut. */
export async function closePostgres(sql: Sql, graceMs = 5000): Promise<void> {
  await sql.end({ timeout: graceMs / 1000 });
}

const DEFAULTS = {
  connectionsMax: 10,
  statementMs: 60_000,
  lockMs: 0,
  idleInTransactionMs: 60_000,
  silentMs: 8_000,
  connectMs: 10_000,
} as const satisfies Partial<OpenPostgresOptions>;

type ResolvedOptions = OpenPostgresOptions & Required<Pick<OpenPostgresOptions, keyof typeof DEFAULTS>>;

function createPool(target: PostgresTarget, options: ResolvedOptions): Sql {
  return endSilence({
    open: () => createDriverPool(target, options),
    isThere: () => isThere(target, options),
    silentMs: options.silentMs,
  });
}

/** A busy server takes a connection all the same; beyond this it is none that a caller could wait for. */
const THERE_MS = 2000;

/** Whether a server says anything, if only a refusal. */
async function isThere(target: PostgresTarget, options: ResolvedOptions): Promise<boolean> {
  const sql = createDriverPool(target, { ...options, connectionsMax: 1, connectMs: THERE_MS });
  const said = sql`select 1`.then(
    () => true,
    (error: unknown) => !isConnectionError(error) || reasonFromServer(error) !== null,
  );
  try {
    return await Promise.race([said, sleep(THERE_MS, false, { ref: false })]);
  } finally {
    void sql.end({ timeout: 0 });
  }
}

/** A database that comes back must be found quickly; the driver's own waits grow to 20 s. */
const RECONNECT_SECONDS_MAX = 0.25;

function createDriverPool(target: PostgresTarget, options: ResolvedOptions): Sql {
  let closes = 0;
  const settings: postgres.Options<Record<string, postgres.PostgresType>> = {
    max: options.connectionsMax,
    connect_timeout: options.connectMs / 1000,
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
      statement_timeout: options.statementMs,
      lock_timeout: options.lockMs,
      idle_in_transaction_session_timeout: options.idleInTransactionMs,
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

function toOpenError(error: unknown, target: PostgresTarget, options: ResolvedOptions): unknown {
  const where = describeTarget(target);
  if (error instanceof postgres.PostgresError && REFUSED.test(error.code)) {
    return hostError(
      "HOST_BAD_OPTION",
      `the Postgres at ${where} refuses us (${error.message}), expected a user and a database it knows; set SLUICE_DATABASE_URL`,
      { cause: error },
    );
  }
  if (!isConnectionError(error)) return toDatabaseError(error);
  const said = reasonFromServer(error);
  const message =
    said === null
      ? `the Postgres at ${where} does not answer (${lossOf(error, options)}), expected a running server; start it, or name another with SLUICE_DATABASE_URL`
      : `the Postgres at ${where} cannot be used now: ${said}; try again then, or name another with SLUICE_DATABASE_URL`;
  return hostError("HOST_DATABASE_UNAVAILABLE", message, { cause: error, retryAfterMs: 1000 });
}

/** The driver's own words name its functions, and ports that it does not know. */
function lossOf(error: unknown, { connectMs, silentMs }: ResolvedOptions): string {
  if (hasCode(error, "CONNECT_TIMEOUT")) return `no connection within ${connectMs} ms`;
  // The driver connects again and again to who closes each connection.
  if (hasCode(error, "HOST_DATABASE_SILENT")) return `no answer within ${silentMs} ms`;
  if (lostConnection(error) === "driver") return "it closed the connection";
  // Of several addresses that were tried in vain, the error has a code and no words.
  const { message, code } = error as Readonly<Record<"message" | "code", unknown>>;
  return String(message === "" ? code : message);
}
