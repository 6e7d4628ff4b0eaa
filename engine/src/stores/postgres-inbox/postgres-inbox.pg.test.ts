import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { migrate } from "@sluice/host/postgres";
import { testDatabase } from "@sluice/host/postgres-testing";
import { postgresInboxMigrations } from "./migrations.ts";
import type { PostgresInboxOptions } from "./options.ts";
import { postgresInbox } from "./postgres-inbox.ts";

const WAIT_MS_MAX = 20_000;
const RACER = fileURLToPath(new URL("fixtures/racer.process.ts", import.meta.url));

async function openInbox(t: TestContext, options: PostgresInboxOptions = {}) {
  const database = await testDatabase(t, "inbox");
  const { sql } = database;
  const { room, directory } = postgresInboxMigrations;
  const { schema = "sluice_inbox" } = options;
  await migrate(sql, { room, migrations: directory, schema });
  await sql`create table effects (command_id text, by text)`;
  return {
    ...database,
    inbox: postgresInbox(sql, options),
    effects: async () => (await sql`select from effects`).length,
    untilOneWaits: async () => {
      const untilMs = performance.now() + WAIT_MS_MAX;
      for (let waiting = 0; waiting === 0;) {
        const rows = await sql`
          select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
        waiting = rows.length;
        assert.ok(performance.now() < untilMs, "nobody waits for the other one");
      }
    },
  };
}

test("a command that comes twice at once to an inbox in Postgres is carried out once and answered alike", async (t) => {
  const { inbox, sql, effects } = await openInbox(t);
  const work = async () => {
    await sql`insert into effects values ('c-1')`;
    return { type: "Done", data: { text: 'ä\u0000"☃' } };
  };
  const answers = await Promise.all([inbox.once("c-1", work), inbox.once("c-1", work)]);
  assert.deepEqual(answers, Array(2).fill({ type: "Done", data: { text: 'ä\u0000"☃' } }));
  assert.equal(await effects(), 1);
});

test("an effect and the memory of it are committed together, or neither", async (t) => {
  const { inbox, effects } = await openInbox(t);
  let hasFailed = false;
  const attempt = () =>
    inbox.once("c-1", async (transaction) => {
      await transaction`insert into effects values ('c-1')`;
      if (!hasFailed) {
        hasFailed = true;
        throw new Error("the disk is full");
      }
      return null;
    });
  await assert.rejects(attempt(), /disk is full/);
  assert.equal(await effects(), 0);
  assert.equal(await attempt(), null);
  assert.equal(await attempt(), null);
  assert.equal(await effects(), 1);
});

test("two processes that race for the same commands have each effect once, and the same answers", async (t) => {
  const { target, sql } = await openInbox(t);
  const commands = 60;
  const run = promisify(execFile);
  const results = await Promise.all(
    ["a", "b"].map((name) =>
      run(process.execPath, [RACER, JSON.stringify({ target, name, commands })], { timeout: 60_000 }),
    ),
  );
  const [first, second] = results.map(({ stdout }) => JSON.parse(stdout) as unknown[]);
  assert.equal(first?.length, commands);
  assert.deepEqual(first, second);
  const rows = await sql<{ count: number }[]>`select count(*)::int from effects group by command_id`;
  assert.deepEqual(
    rows.map(({ count }) => count),
    Array(commands).fill(1),
  );
});

test("a command that was taken back before it came is refused for ever by an inbox in Postgres", async (t) => {
  const { inbox, effects, sql } = await openInbox(t);
  await inbox.undo("undo-1", "c-1", async () => null);
  for (let attempt = 1; attempt <= 2; attempt++)
    await assert.rejects(
      inbox.once("c-1", async () => {
        await sql`insert into effects values ('c-1')`;
        return null;
      }),
      { code: "FLOW_COMMAND_UNDONE", kind: "conflict" },
    );
  assert.equal(await effects(), 0);
});

test("an undo in Postgres waits for what it takes back, and its own repeat is answered as the first time", async (t) => {
  const { inbox, untilOneWaits } = await openInbox(t);
  const order: string[] = [];
  const begun = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const first = inbox.once("c-1", async () => {
    begun.resolve();
    await finish.promise;
    order.push("done");
    return null;
  });
  await begun.promise;
  const undo = () =>
    inbox.undo("undo-1", "c-1", async () => {
      order.push("undone");
      return { type: "Undone", data: {} };
    });
  const undone = undo();
  await untilOneWaits();
  finish.resolve();
  await Promise.all([first, undone]);
  assert.deepEqual(await undo(), { type: "Undone", data: {} });
  assert.deepEqual(order, ["done", "undone"]);
});

test("an inbox forgets what is older than it is to keep, and nothing younger", async (t) => {
  const { inbox, sql, effects } = await openInbox(t, { schema: "of_mine", keptDays: 7 });
  const carryOut = (commandId: string) =>
    inbox.once(commandId, async (transaction) => {
      await transaction`insert into effects values (${commandId})`;
      return null;
    });
  await carryOut("young");
  // More than one statement forgets.
  await sql`
    insert into of_mine.answers (command_id, answer, claimed_at)
    select 'old-' || n, 'null', now() - interval '8 days' from generate_series(1, 2500) n`;
  assert.equal(await inbox.prune(1_200), 1_200);
  assert.equal(await inbox.prune(), 1_300);
  assert.equal(await inbox.prune(), 0);
  await carryOut("young");
  assert.equal(await effects(), 1);
});

test("an inbox names the option it cannot take", () => {
  const sql = undefined as never;
  assert.throws(() => postgresInbox(sql, { schema: 'a"b' }), /schema is "a\\"b", expected a name/);
  assert.throws(() => postgresInbox(sql, { keptDays: 0 }), /keptDays is 0, expected a whole number from 1/);
});
