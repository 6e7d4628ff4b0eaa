/** `@sluice/engine/postgres-inbox`: the inbox of a service in its own Postgres. */
export { postgresInboxMigrations } from "./migrations.ts";
export { postgresInbox } from "./postgres-inbox.ts";
export type { PostgresInbox } from "./postgres-inbox.ts";
export { resolvePostgresInboxOptions } from "./options.ts";
export type { PostgresInboxOptions, ResolvedPostgresInboxOptions } from "./options.ts";
