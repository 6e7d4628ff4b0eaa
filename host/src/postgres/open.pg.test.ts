import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { isConnectionError, toDatabaseError } from "./connection-error.ts";
import { checkVersion, closePostgres, openPostgres } from "./open.ts";
import { testDatabase } from "./testing.ts";
import { describeTarget, withDatabase } from "./url.ts";
import type { PostgresTarget } from "./url.ts";

const OPTIONS = { applicationName: "open-test", connectMs: 2000 };

test("says that a database is away when nobody listens, without its password", async () => {
  for (const target of [
    "postgres://me:geheim@127.0.0.1:1/shop",
    { socketDirectory: "/nonexistent", port: 5432, user: "me", database: "shop" },
  ]) {
    await assert.rejects(openPostgres(target, OPTIONS), (error: Error) => {
      assert.ok(hasCode(error, "HOST_DATABASE_UNAVAILABLE"));
      assert.match(
        error.message,
        /^the Postgres at .* does not answer \(.*\), expected a running server; start it/,
      );
      assert.doesNotMatch(error.message, /geheim/);
      return true;
    });
  }
});

test("refuses a URL it cannot read, without showing it", async () => {
  for (const target of [
    "postgres://u:%zzgeheim@h/x",
    "postgres:/u:geheim@h/x",
    "postgres://u:ge/heim@h/x",
    "x",
  ])
    await assert.rejects(openPostgres(target, OPTIONS), (error: Error) => {
      assert.ok(hasCode(error, "HOST_BAD_OPTION"), target);
      assert.match(error.message, /^the URL of the Postgres cannot be read, expected a URL/);
      assert.doesNotMatch(error.message, /heim/);
      return true;
    });
  for (const target of ["postgres:/u:geheim@h/x", "postgres:///u:geheim@h/x", "u:geheim@h"])
    assert.equal(describeTarget(target), "an unreadable URL");
});

test("says that the options are wrong when the server does not know the database", async (t) => {
  const db = await testDatabase(t);
  await assert.rejects(openPostgres(withDatabase(db.target, "nowhere"), OPTIONS), (error: Error) => {
    assert.ok(hasCode(error, "HOST_BAD_OPTION"));
    assert.match(error.message, /refuses us \(database "nowhere" does not exist\)/);
    return true;
  });
});

test("says in words that a server is silent, or closes each connection", async (t) => {
  const silent = await listen(t, () => {});
  await assert.rejects(openPostgres(`postgres://me@127.0.0.1:${silent}/x`, { ...OPTIONS, connectMs: 100 }), {
    code: "HOST_DATABASE_UNAVAILABLE",
    message: /does not answer \(no connection within 100 ms\), expected a running server/,
  });
  const closing = await listen(t, (socket) => socket.end());
  await assert.rejects(openPostgres(`postgres://me@127.0.0.1:${closing}/x`, { ...OPTIONS, silentMs: 200 }), {
    code: "HOST_DATABASE_UNAVAILABLE",
    message: /does not answer \(no answer within 200 ms\), expected/,
  });
  await assert.rejects(openPostgres("postgres://me@localhost:1/x", OPTIONS), {
    message: /localhost:1\/x does not answer \(.*ECONNREFUSED.*\)/,
  });
});

test("says why a server that runs takes no connection", async (t) => {
  const db = await testDatabase(t);
  const role = `${db.name}_visitor`;
  await db.sql.unsafe(`alter database ${db.name} connection limit 0`);
  await db.sql.unsafe(`create role ${role} login`);
  t.after(() => db.sql.unsafe(`drop role ${role}`));
  await assert.rejects(openPostgres(asUser(db.target, role), OPTIONS), {
    code: "HOST_DATABASE_UNAVAILABLE",
    message: /cannot be used now: it takes no more connections/,
  });
});

function asUser(target: PostgresTarget, user: string): PostgresTarget {
  if (typeof target !== "string") return { ...target, user };
  return Object.assign(new URL(target), { username: user }).href;
}

/** A server that is no Postgres. */
async function listen(t: TestContext, onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test("refuses a server older than 14", () => {
  checkVersion({ number: 140_000, text: "14.0" }, "host/db");
  assert.throws(
    () => checkVersion({ number: 130_022, text: "13.22" }, "host/db"),
    (error: Error) =>
      hasCode(error, "HOST_DATABASE_TOO_OLD") &&
      error.message.includes("has version 13.22, expected at least 14"),
  );
});

test("gives every session its name, its limits and its schema", async (t) => {
  const db = await testDatabase(t);
  const sql = await db.open({
    applicationName: "shop",
    statementMs: 1500,
    lockMs: 700,
    idleInTransactionMs: 900,
    schema: 'a "b"',
  });
  const [row] = await sql`
    select current_setting('application_name') as name, current_setting('statement_timeout') as statement,
           current_setting('lock_timeout') as lock, current_setting('search_path') as path,
           current_setting('idle_in_transaction_session_timeout') as idle`;
  assert.deepEqual(row, {
    name: "shop",
    statement: "1500ms",
    lock: "700ms",
    path: '"a ""b"""',
    idle: "900ms",
  });
});

test("opens at most the named number of connections", async (t) => {
  const db = await testDatabase(t);
  const sql = await db.open({ connectionsMax: 2, applicationName: "crowd" });
  await Promise.all(Array.from({ length: 20 }, () => sql`select pg_sleep(0.01)`));
  const [row] =
    await db.sql`select count(*)::int as n from pg_stat_activity where application_name = 'crowd'`;
  assert.equal(row?.["n"], 2);
});

test("cuts a statement that does not finish within the grace of closing", async (t) => {
  const db = await testDatabase(t);
  const sql = await openPostgres(db.target, OPTIONS);
  const slow = assert.rejects(sql`select pg_sleep(10)`, isConnectionError);
  await closePostgres(sql, 50);
  await slow;
  await assert.rejects(sql`select 1`, isConnectionError, "a closed pool takes nothing");
});

test("tells a lost connection from an answer of the database", async (t) => {
  const { sql } = await testDatabase(t);
  const answer: unknown = await sql`select 1 / 0`.catch((error: unknown) => error);
  assert.equal(isConnectionError(answer), false);
  assert.equal(toDatabaseError(answer), answer);
  const lost: unknown = await sql`select pg_terminate_backend(pg_backend_pid())`.catch(
    (error: unknown) => error,
  );
  assert.equal(isConnectionError(lost), true);
  assert.ok(hasCode(toDatabaseError(lost), "HOST_DATABASE_UNAVAILABLE"));
});

test("describes a target without its secrets and names another database on the same server", () => {
  const url = "postgres://me:geheim@db.example:5433/shop?sslmode=require";
  assert.equal(describeTarget(url), "db.example:5433/shop");
  assert.equal(withDatabase(url, "a b"), "postgres://me:geheim@db.example:5433/a%20b?sslmode=require");
  const socket = { socketDirectory: "/run/x", port: 5432, user: "me", database: "shop" };
  assert.equal(describeTarget(socket), "/run/x/.s.PGSQL.5432 (database shop)");
  assert.deepEqual(withDatabase(socket, "other"), { ...socket, database: "other" });
});
