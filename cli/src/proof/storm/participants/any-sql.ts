import type { Sql, TransactionSql } from "@sluice/host/postgres";

/** A pool, or the transaction of whoever calls. */
export type AnySql = Sql | TransactionSql;
