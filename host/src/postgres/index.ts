/** The door `@sluice/host/postgres`: a running Postgres, connections to it, and its schema. */
export { startEmbeddedPostgres } from "./embedded.ts";
export type { EmbeddedPostgres, StartEmbeddedOptions } from "./embedded.ts";
export { resolveEmbeddedOptions } from "./embedded-options.ts";
export type { EmbeddedOptions, ResolvedEmbeddedOptions } from "./embedded-options.ts";
export { findRunningTarget, holdsDatabase } from "./running-target.ts";
export { defaultDataDirectory } from "./layout.ts";
export { closePostgres, openPostgres } from "./open.ts";
export type { OpenPostgresOptions, Sql, TransactionSql } from "./open.ts";
export { isConnectionError, toDatabaseError } from "./connection-error.ts";
export { describeTarget, withDatabase } from "./url.ts";
export type { PostgresTarget, SocketTarget } from "./url.ts";
export { migrate } from "./migrate.ts";
export type { MigrateOptions, Migration, MigrationOutcome } from "./migrate.ts";
