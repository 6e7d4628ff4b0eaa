import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { migrate } from "./migrate.ts";
import type { Migration } from "./migrate.ts";
import { testDatabase } from "./testing.ts";

const FIRST: Migration = {
  name: "0001-runs",
  sql: "create table runs (id int primary key); insert into runs values (1);",
};
const SECOND: Migration = { name: "0002-more-runs", sql: "insert into runs values (2);" };

test("applies each migration once when eight processes migrate at the same time", async (t) => {
  const db = await testDatabase(t, "migrate");
  const pools = await Promise.all(Array.from({ length: 8 }, () => db.open({ connectionsMax: 2 })));
  const outcomes = await Promise.all(
    pools.map((sql) => migrate(sql, { room: "engine", migrations: [SECOND, FIRST] })),
  );
  assert.deepEqual(outcomes.flatMap((outcome) => outcome.applied).sort(), ["0001-runs", "0002-more-runs"]);
  assert.ok(outcomes.every((outcome) => outcome.number === 2));
  assert.deepEqual([...(await db.sql`select id from runs order by id`)], [{ id: 1 }, { id: 2 }]);
});

test("makes each schema once when processes of several rooms begin at the same time on a new database", async (t) => {
  const db = await testDatabase(t, "migrate");
  const processes = Array.from({ length: 4 }, async () => {
    const sql = await db.open({ connectionsMax: 5, schema: "shop" });
    const engine = await migrate(sql, { room: "engine", migrations: [FIRST], schema: "sluice" });
    const shop = await migrate(sql, { room: "shop", migrations: [FIRST], schema: "shop" });
    return [...engine.applied, ...shop.applied];
  });
  assert.deepEqual((await Promise.all(processes)).flat(), ["0001-runs", "0001-runs"]);
});

test("refuses a schema that is newer than the code and changes nothing", async (t) => {
  const { sql } = await testDatabase(t);
  await migrate(sql, { room: "engine", migrations: [FIRST, SECOND] });
  await assert.rejects(migrate(sql, { room: "engine", migrations: [FIRST] }), (error: Error) => {
    assert.ok(hasCode(error, "HOST_SCHEMA_TOO_NEW"));
    assert.match(error.message, /engine: the schema is at 0002-more-runs, expected at most number 1/);
    return true;
  });
});

test("refuses a migration whose text changed after it was applied", async (t) => {
  const { sql } = await testDatabase(t);
  await migrate(sql, { room: "engine", migrations: [FIRST] });
  const changed = { ...FIRST, sql: `${FIRST.sql} -- another thought` };
  await assert.rejects(migrate(sql, { room: "engine", migrations: [changed, SECOND] }), (error) =>
    hasCode(error, "HOST_MIGRATION_CHANGED"),
  );
  assert.equal((await sql`select * from runs`).length, 1);
});

test("takes a migration whose line ends changed for the same", async (t) => {
  const { sql } = await testDatabase(t);
  await migrate(sql, { room: "engine", migrations: [{ name: "0001-a", sql: "select 1;\nselect 2;" }] });
  const again = await migrate(sql, {
    room: "engine",
    migrations: [{ name: "0001-a", sql: "select 1;\r\nselect 2;" }],
  });
  assert.deepEqual(again, { applied: [], number: 1 });
});

test("keeps nothing of a migration that fails, and what came before it stays", async (t) => {
  const { sql } = await testDatabase(t);
  const broken = { name: "0002-broken", sql: "create table half (id int); select 1 / 0;" };
  await assert.rejects(migrate(sql, { room: "engine", migrations: [FIRST, broken] }), (error: Error) => {
    assert.ok(hasCode(error, "HOST_MIGRATION_FAILED"));
    assert.match(error.message, /engine: migration 0002-broken failed: division by zero/);
    return true;
  });
  const [row] = await sql`select to_regclass('half') as half, to_regclass('runs') as runs`;
  assert.deepEqual(row, { half: null, runs: "runs" });
  assert.deepEqual(await migrate(sql, { room: "engine", migrations: [FIRST, SECOND] }), {
    applied: ["0002-more-runs"],
    number: 2,
  });
});

test("counts for each room and each schema by itself", async (t) => {
  const { sql } = await testDatabase(t);
  await migrate(sql, { room: "engine", migrations: [FIRST], schema: "one" });
  await migrate(sql, { room: "engine", migrations: [FIRST], schema: 'a "second"' });
  await migrate(sql, {
    room: "shop",
    migrations: [{ name: "0001-goods", sql: "create table goods (id int)" }],
    schema: "one",
  });
  const rows =
    await sql`select schemaname, tablename from pg_tables where tablename in ('runs', 'goods') order by 1, 2`;
  assert.deepEqual(
    [...rows],
    [
      { schemaname: 'a "second"', tablename: "runs" },
      { schemaname: "one", tablename: "goods" },
      { schemaname: "one", tablename: "runs" },
    ],
  );
});

test("refuses migrations whose numbers have a gap", async (t) => {
  const { sql } = await testDatabase(t);
  const third = { name: "0003-late", sql: "select 1" };
  await assert.rejects(migrate(sql, { room: "engine", migrations: [FIRST, third] }), /number 3, expected 2/);
});
