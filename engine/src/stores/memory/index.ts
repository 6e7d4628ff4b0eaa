/** The store in memory: for unit tests, for the simulation, and for a first look. */
export { createMemoryDatabase } from "./memory-database.ts";
export type { MemoryDatabase, MemoryDatabaseOptions } from "./memory-database.ts";
export { createMemoryStore } from "./memory-store.ts";
export type { MemoryStoreOptions } from "./memory-store.ts";
export type { MemoryTransaction } from "./memory-transaction.ts";
