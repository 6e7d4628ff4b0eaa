import { closePostgres, openPostgres } from "../../postgres/open.ts";
import type { Sql } from "../../postgres/open.ts";
import { serverContract } from "../fixtures/server-contract.ts";

async function withSql<T>(address: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = await openPostgres(address, { applicationName: "witness", connectionsMax: 1 });
  try {
    return await work(sql);
  } finally {
    await closePostgres(sql);
  }
}

await serverContract("postgres", {
  write: ({ address }, text) =>
    withSql(address, async (sql) => {
      await sql`create table if not exists kept (id int generated always as identity, text text)`;
      await sql`insert into kept (text) values (${text})`;
    }),
  read: ({ address }) =>
    withSql(address, async (sql) => {
      const rows = await sql<{ text: string }[]>`select text from kept order by id`;
      return rows.map((row) => row.text);
    }),
});
