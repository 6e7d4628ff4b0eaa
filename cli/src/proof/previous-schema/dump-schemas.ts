/**
 * Schemas as a script that makes them again: the migrations as they were applied, partitions, and every row. Written for a database of the
 * proof, which is small; it reads all of a moment in one transaction, so a live database is dumped as a crash at that moment leaves it.
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Sql, TransactionSql } from "@sluice/host/postgres";

export interface DumpedSchema {
  readonly schema: string;
  /** A folder of files `0001-name.sql`. */
  readonly migrations: URL;
}

export async function dumpSchemas(sql: Sql, schemas: readonly DumpedSchema[]): Promise<string> {
  const script = await sql.begin("isolation level repeatable read read only", async (transaction) => {
    const parts: string[] = [];
    for (const schema of schemas) parts.push(await dumpTables(transaction, schema));
    // Rows come as they were: no trigger fires, and no order of tables matters.
    parts.push("set session_replication_role = replica;");
    for (const { schema } of schemas) parts.push(await dumpRows(transaction, schema));
    parts.push("reset session_replication_role;\nreset search_path;");
    return parts.join("\n\n");
  });
  return `${script}\n`;
}

async function dumpTables(sql: TransactionSql, { schema, migrations }: DumpedSchema): Promise<string> {
  const folder = fileURLToPath(migrations);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".sql")).toSorted();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  return [
    `create schema ${schema};\nset search_path = ${schema};`,
    RECORD,
    ...texts,
    ...(await dumpPartitions(sql, schema)),
  ].join("\n\n");
}

/** What has been applied, as the host keeps it. */
const RECORD = `create table sluice_migrations (
  room text not null,
  number int not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now(),
  primary key (room, number)
);`;

async function dumpPartitions(sql: TransactionSql, schema: string): Promise<readonly string[]> {
  const partitions = await sql<{ statement: string }[]>`
    select format('create table %I partition of %I %s%s;', part.relname, parent.relname,
                  pg_get_expr(part.relpartbound, part.oid),
                  ' with (' || array_to_string(part.reloptions, ', ') || ')') as statement
      from pg_inherits
      join pg_class part on part.oid = inhrelid
      join pg_class parent on parent.oid = inhparent
     where part.relkind = 'r' and part.relnamespace = ${schema}::regnamespace
       and pg_get_expr(part.relpartbound, part.oid) <> 'DEFAULT'
     order by part.relname`;
  return partitions.map(({ statement }) => statement);
}

async function dumpRows(sql: TransactionSql, schema: string): Promise<string> {
  const tables = await sql<{ table: string; identity: string | null }[]>`
    select format('%I.%I', ${schema}::text, relname) as table,
           (select attname from pg_attribute where attrelid = oid and attidentity <> '') as identity
      from pg_class
     where relkind in ('r', 'p') and not relispartition and relnamespace = ${schema}::regnamespace
     order by relname`;
  const parts: string[] = [];
  for (const { table, identity } of tables) {
    const rows = await sql<{ row: string }[]>`select row_to_json(t)::text as row from ${sql.unsafe(table)} t`;
    if (rows.length === 0) continue;
    parts.push(
      // A migration may have put rows there.
      `delete from ${table};\ninsert into ${table} overriding system value\nselect * from json_populate_recordset(null::${table}, $rows$[\n${rows.map(({ row }) => row).join(",\n")}\n]$rows$);`,
    );
    if (identity !== null)
      parts.push(
        `select setval(pg_get_serial_sequence('${table}', '${identity}'), (select max(${identity}) from ${table}));`,
      );
  }
  return parts.join("\n\n");
}
