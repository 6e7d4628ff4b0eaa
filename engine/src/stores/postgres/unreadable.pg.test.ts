/** What a batch is told of rows that somebody has changed by hand: which of them nobody can read, and why. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { hasCode } from "../../core/errors.ts";
import { readReadable, unreadableOf } from "../../core/unreadable.ts";
import { makeCommand, makeDeadLetter, makeEntry, makeRun, makeTimer, testRunId } from "../../testing/rows.ts";
import { openOwner, openPostgresHarness } from "./fixtures/harness.ts";

const BAD = testRunId(1);
const GOOD = testRunId(2);

const SPOILED: readonly (readonly [table: string, update: string, fault: RegExp])[] = [
  ["runs", "data = '{'", /^runs: column data is no JSON; /],
  ["runs", "data = '[]'", /^runs: column data has a list at \/, expected an object; /],
  ["runs", "control = '{}'", /^runs: column control has nothing at \/commands, expected a list; /],
  ["runs", "parked = 'tired'", /^runs: column parked /],
  ["runs", "entered_at = 'infinity'", /^runs: column entered_at /],
  ["history", "seen = '[\"e1\",2'", /^history: column seen is no list of the events that were taken in; /],
  ["history", 'seen = \'["e1",2,7,"lost"]\'', /^history: column seen /],
];

it("names the column of a run that a batch cannot read, and reads the others on the same connection", async (t) => {
  const { sql, openStoreWith } = await openPostgresHarness(t);
  const owner = await openOwner(openStoreWith({ engineId: "a" }));
  const runs = [BAD, GOOD].map((runId) =>
    makeRun({ runId, commands: [makeCommand(`${runId}:1:0`)], timers: [makeTimer(1, 5_000)] }),
  );
  await owner.start(...runs);
  const moved = runs.map((run) => ({ ...run, version: 2 }));
  const entry = makeEntry(2, { eventId: "e1", digest: 7 });
  const history = runs.map(({ runId, lane }) => ({ runId, lane, entries: [entry] }));
  await owner.commit({ runs: moved, history });
  const [{ sessions }] = await sql<
    [{ sessions: string }]
  >`select pg_stat_get_db_sessions(oid)::text as sessions
    from pg_database where datname = current_database()`;
  for (const [table, update, fault] of SPOILED) {
    await sql.unsafe(
      `create table kept as table ${table}; update ${table} set ${update} where run_id = '${BAD}'`,
    );
    const batch = owner.writer.openBatch();
    const { items, faults } = await readReadable([BAD, GOOD], (runIds) => batch.loadRuns(runIds));
    assert.deepEqual([...faults.keys()], [BAD], update);
    assert.match(faults.get(BAD) ?? "", fault);
    assert.match(faults.get(BAD) ?? "", /; run `sluice audit`, and restore the row from a backup$/);
    assert.deepEqual(
      items.map(({ run, seen }) => [run, seen.size]),
      [[moved[1], 1]],
    );
    await batch.commit(owner.writes({ lanes: [] }));
    await sql.unsafe(`delete from ${table}; insert into ${table} table kept; drop table kept`);
  }
  const [{ after }] = await sql<[{ after: string }]>`select pg_stat_get_db_sessions(oid)::text as after
    from pg_database where datname = current_database()`;
  assert.equal(after, sessions, "no connection was given up");
});

it("names the dead letter that a batch cannot read, and reads those of other runs", async (t) => {
  const { sql, openStoreWith } = await openPostgresHarness(t);
  const owner = await openOwner(openStoreWith({ engineId: "a" }));
  const deadLetters = [BAD, GOOD].map((runId) => makeDeadLetter(runId, 2));
  await owner.commit({ lanes: [owner.step(0)], deadLetters });
  await sql`update dead_letters set input = '{' where run_id = ${BAD}`;
  const batch = owner.writer.openBatch();
  const error: unknown = await batch.loadDeadLetters([BAD, GOOD]).catch((thrown: unknown) => thrown);
  assert.ok(hasCode(error, "FLOW_UNREADABLE"));
  assert.deepEqual(
    unreadableOf(error).map(({ id }) => id),
    [`${BAD}:2`],
  );
  const { items, faults } = await readReadable([BAD, GOOD], (runIds) => batch.loadDeadLetters(runIds));
  assert.deepEqual([items, [...faults.keys()]], [[deadLetters[1]], [BAD]]);
  await batch.rollback();
});
