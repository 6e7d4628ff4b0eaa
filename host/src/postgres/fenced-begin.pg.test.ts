import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { isConnectionError } from "./connection-error.ts";
import type { Sql, TransactionSql } from "./open.ts";
import { testDatabase } from "./testing.ts";

interface Bench {
  /** A pool of one connection, so that a successor of a lost one is sure to be the same slot. */
  readonly sql: Sql;
  readonly other: Sql;
}

async function bench(t: TestContext): Promise<Bench> {
  const db = await testDatabase(t, "fence");
  await db.sql`create table marks (id int)`;
  return { sql: await db.open({ connectionsMax: 1 }), other: db.sql };
}

async function backendOf(sql: Sql | TransactionSql): Promise<number> {
  const rows = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  return rows[0]?.pid ?? 0;
}

async function marks(sql: Sql): Promise<readonly number[]> {
  const rows = await sql<{ id: number }[]>`select id from marks order by id`;
  return rows.map((row) => row.id);
}

const isLost = (error: unknown): boolean => hasCode(error, "CONNECTION_CLOSED");

/** Whoever gets another's answer, or none, shows here. */
async function assertAnswersInOrder(sql: Sql): Promise<void> {
  const numbers = Array.from({ length: 50 }, (_, index) => index);
  const answers = await Promise.all(numbers.map((number) => sql`select ${number}::int as number`));
  assert.deepEqual(
    answers.map((rows) => rows[0]?.["number"]),
    numbers,
  );
}

test("never runs a statement of a transaction on the successor of its connection", async (t) => {
  const { sql, other } = await bench(t);
  const statement = Promise.withResolvers<unknown>();
  const begun = sql.begin(async (tx) => {
    await tx`insert into marks values (1)`;
    await other`select pg_terminate_backend(${await backendOf(tx)}, 5000)`;
    // Queued on the same slot, so the slot reconnects before the transaction goes on.
    await sql`select 1`;
    await tx`insert into marks values (2)`.then(statement.resolve, statement.reject);
  });
  await assert.rejects(begun, isLost);
  await assert.rejects(statement.promise, isLost);
  assert.deepEqual(await marks(other), []);
  await assertAnswersInOrder(sql);
});

test("fails a transaction whose connection is lost during a statement, and the pool goes on", async (t) => {
  const { sql, other } = await bench(t);
  const begun = sql.begin(async (tx) => {
    await tx`insert into marks values (1)`;
    const pid = await backendOf(tx);
    setTimeout(() => void other`select pg_terminate_backend(${pid})`.execute(), 50);
    await tx`select pg_sleep(10)`;
  });
  await assert.rejects(begun, isLost);
  assert.deepEqual(await marks(other), []);
  // The driver keeps the server's farewell and gives it to the first query after it, which it does not send.
  await assert.rejects(async () => sql`insert into marks values (2)`, isConnectionError);
  assert.deepEqual(await marks(other), []);
  await assertAnswersInOrder(sql);
});

test("fails a transaction that would commit after its connection was lost", async (t) => {
  const { sql, other } = await bench(t);
  const begun = sql.begin(async (tx) => {
    await tx`insert into marks values (1)`;
    await other`select pg_terminate_backend(${await backendOf(tx)}, 5000)`;
    // Once this is answered the slot has noticed its loss, and has a successor that a commit could go to.
    await sql`select 1`;
    return "done";
  });
  await assert.rejects(begun, isLost);
  assert.deepEqual(await marks(other), []);
  await assertAnswersInOrder(sql);
});

test("refuses a statement that comes after its transaction has ended", async (t) => {
  const { sql, other } = await bench(t);
  const kept: TransactionSql[] = [];
  await sql.begin(async (tx) => {
    kept.push(tx);
    await tx`insert into marks values (1)`;
  });
  for (const tx of kept) await assert.rejects(async () => tx`insert into marks values (2)`, isLost);
  assert.deepEqual(await marks(other), [1]);
});

test("does not care when another connection of the pool is lost", async (t) => {
  const db = await testDatabase(t, "fence");
  await db.sql`create table marks (id int)`;
  const sql = await db.open({ connectionsMax: 2 });
  await sql.begin(async (tx) => {
    await tx`insert into marks values (1)`;
    await db.sql`select pg_terminate_backend(${await backendOf(sql)}, 5000)`;
    await Promise.all([tx`insert into marks values (2)`, tx`insert into marks values (3)`]);
  });
  assert.deepEqual(await marks(db.sql), [1, 2, 3]);
});

test("commits, rolls back, returns and nests as the driver does", async (t) => {
  const { sql } = await bench(t);
  assert.equal(await sql.begin(async () => "answer"), "answer");
  const both = await sql.begin((tx) => [tx`insert into marks values (1)`, tx`select 5 as five`]);
  assert.equal(both[1]?.[0]?.["five"], 5);
  await assert.rejects(
    sql.begin(async (tx) => {
      await tx`insert into marks values (2)`;
      throw new Error("changed my mind");
    }),
    /changed my mind/,
  );
  await sql.begin("isolation level serializable", async (tx) => {
    await tx`insert into marks ${tx([{ id: 3 }])}`;
    await tx
      .savepoint(async (inner) => {
        await inner`insert into marks values (4)`;
        await inner.unsafe("select 1 / 0");
      })
      .catch(() => {});
    const [row] = await tx.unsafe("select current_setting('transaction_isolation') as level");
    assert.equal(row?.["level"], "serializable");
  });
  assert.deepEqual(await marks(sql), [1, 3]);
});
