import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { closePostgres, openPostgres } from "./open.ts";
import type { OpenPostgresOptions, Sql } from "./open.ts";
import { testDatabase } from "./testing.ts";
import type { TestDatabase } from "./testing.ts";
import { socketPath } from "./url.ts";

const SILENT_MS = 300;
const SILENT = {
  code: "HOST_DATABASE_SILENT",
  kind: "timeout",
  message: /said nothing for more than 300 ms/,
};

interface Way {
  readonly db: TestDatabase;
  readonly sql: Sql;
  /** From now on nothing passes. */
  freeze(): void;
  thaw(): void;
}

/** A pool on a way to the database that can fall silent, as a frozen server or a cut cable does. */
async function openWay(t: TestContext, options: Partial<OpenPostgresOptions> = {}): Promise<Way> {
  const db = await testDatabase(t);
  const { target } = db;
  const there = typeof target === "string" ? new URL(target) : null;
  const address =
    typeof target === "string"
      ? { host: there?.hostname ?? "", port: Number(there?.port || 5432) }
      : { path: socketPath(target) };
  const user = typeof target === "string" ? (there?.username ?? "") : target.user;
  const sockets = new Set<Socket>();
  let isFrozen = false;
  const server = createServer((near) => {
    const far = createConnection(address);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on("error", () => {}).on("data", (bytes) => to.write(bytes));
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      if (isFrozen) from.pause();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sql = await openPostgres(`postgres://${user}@127.0.0.1:${port}/${db.name}`, {
    applicationName: "silence-test",
    connectionsMax: 2,
    silentMs: SILENT_MS,
    ...options,
  });
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await closePostgres(sql, 0);
  });
  return {
    db,
    sql,
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
  };
}

test("a silent server is given up: all that waits for it fails in time, and each that comes after", async (t) => {
  const { sql, freeze, thaw } = await openWay(t, { connectMs: 60_000 });
  await Promise.all([sql`select 1`, sql`select 1`]);
  freeze();
  const beganMs = performance.now();
  const asked = [
    ...Array.from({ length: 20 }, () => sql`select 1`),
    sql.unsafe("select 1"),
    sql.begin(() => assert.fail("it never began")),
  ];
  await Promise.all(asked.map((each) => assert.rejects(Promise.resolve(each), SILENT)));
  await assert.rejects(sql`select 1`, SILENT);
  assert.ok(performance.now() - beganMs < 10_000);
  thaw();
  assert.deepEqual([...(await sql`select 2 as two`)], [{ two: 2 }]);
  assert.equal(await sql.begin(async (tx) => (await tx`select 3 as three`)[0]?.["three"]), 3);
});

test("a transaction that meets a silent server ends, and is not committed", async (t) => {
  const { db, sql, freeze, thaw } = await openWay(t);
  await db.sql`create table kept (n int)`;
  const lost = sql.begin(async (tx) => {
    await tx`insert into kept values (1)`;
    freeze();
    await tx`insert into kept values (2)`;
  });
  await assert.rejects(lost, SILENT);
  thaw();
  assert.equal((await sql`select from kept`).length, 0);
});

test("a server that is slow, busy or read slowly is not silent", async (t) => {
  const { db, sql } = await openWay(t);
  const slowly = () => db.sql`select pg_sleep(${(2 * SILENT_MS) / 1_000})`;
  const slow = sql`select 1 as one from pg_sleep(1)`;
  const many = Array.from({ length: 10 }, () => sql`select pg_sleep(0.2)`);
  const pages: number[] = [];
  for await (const rows of sql`select generate_series(1, 3) as n`.cursor(1)) {
    await slowly();
    pages.push(rows[0]?.["n"] as number);
  }
  const long = sql.begin(async (tx) => {
    await slowly();
    return tx`select 1 as one from pg_sleep(1)`;
  });
  assert.deepEqual([[...(await slow)], [...(await long)], pages], [[{ one: 1 }], [{ one: 1 }], [1, 2, 3]]);
  await Promise.all(many);
});

test("a pool that has ended takes nothing, silent or not", async (t) => {
  const { sql, freeze } = await openWay(t);
  freeze();
  const waiting = assert.rejects(sql`select 1`.execute(), { code: "CONNECTION_DESTROYED" });
  await setImmediate();
  await closePostgres(sql, 10);
  await waiting;
  await assert.rejects(sql`select 1`, { code: "CONNECTION_ENDED" });
});
