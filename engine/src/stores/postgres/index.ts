/** The store in Postgres, and the migrations that prepare its schema. */
export { postgresMigrations } from "./migrations.ts";
export { resolvePostgresStoreOptions } from "./options.ts";
export type { PostgresStoreOptions, ResolvedPostgresStoreOptions } from "./options.ts";
export { preparePeriods } from "./periods.ts";
export { createPostgresStore } from "./postgres-store.ts";
export type { PostgresTarget, SocketTarget } from "./target.ts";
