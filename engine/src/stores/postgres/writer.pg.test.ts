import assert from "node:assert/strict";
import { it } from "node:test";
import type { TransactionSql } from "postgres";
import { makeEntry, makeRun, testRunId } from "../../testing/rows.ts";
import { LEASE_MS, TestOwner, findingsOf } from "../../testing/store-contract/harness.ts";
import { killSessions, openOwner, openPostgresHarness, waitUntilBlocked } from "./fixtures/harness.ts";
import { writerPrefix } from "./options.ts";

const WRITERS = "sluice-writer/";

it("writes a batch of a new connection's owner in one exchange", async (t) => {
  const harness = await openPostgresHarness(t);
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  await owner.start(makeRun({ runId: testRunId(1) }));
  const [session] = await harness.sql<{ name: string; state: string; query: string }[]>`
    select application_name as name, state, query from pg_stat_activity
     where datname = current_database() and starts_with(application_name, ${WRITERS})`;
  assert.equal(session?.state, "idle");
  assert.match(session?.query ?? "", /^\s*with\s+written_runs as/);
  assert.ok(session?.name.startsWith(writerPrefix("sluice", "a")));
});

it("tells the outcome is unknown when the session dies during the commit, and goes on with another", async (t) => {
  const harness = await openPostgresHarness(t);
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  const run = makeRun({ runId: testRunId(1), lane: 2 });
  await harness.sql.begin(async (tx) => {
    await tx`select from lanes where lane_id = 2 for update`;
    const committing = owner.start(run);
    await waitUntilBlocked(harness.sql, WRITERS);
    await Promise.all([
      assert.rejects(committing, { code: "FLOW_OUTCOME_UNKNOWN", kind: "timeout" }),
      killSessions(harness.sql, WRITERS),
    ]);
  });
  assert.equal(await owner.store.getRun(run.runId), null);
  await owner.start(run);
  assert.deepEqual(await owner.store.getRun(run.runId), run);
});

it("tells the store is unavailable when the session dies before the commit, and writes nothing", async (t) => {
  const harness = await openPostgresHarness(t);
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  const batch = owner.writer.openBatch();
  await batch.withTransaction((transaction) => harness.increment(transaction, "sold", 1));
  assert.equal(await killSessions(harness.sql, WRITERS), 1);
  const writes = owner.writes({ runs: [makeRun({ runId: testRunId(1) })] });
  await assert.rejects(batch.commit(writes), { code: "FLOW_STORE_UNAVAILABLE" });
  assert.equal(await harness.readCounter("sold"), 0);
  assert.equal(await owner.store.getRun(testRunId(1)), null);
  await owner.start(makeRun({ runId: testRunId(1) }));
});

it("sends nothing of a participant to another session after its own was lost", async (t) => {
  const harness = await openPostgresHarness(t);
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  const batch = owner.writer.openBatch();
  const call = batch.withTransaction(async (transaction) => {
    await harness.increment(transaction, "sold", 1);
    await killSessions(harness.sql, WRITERS);
    await harness.increment(transaction, "sold", 10);
  });
  await assert.rejects(call, { code: "FLOW_STORE_UNAVAILABLE" });
  await assert.rejects(batch.loadRuns([testRunId(1)]), { code: "FLOW_STORE_UNAVAILABLE" });
  await batch.rollback();
  assert.equal(await harness.readCounter("sold"), 0);
});

it("isolates a handler that went on after a failed statement", async (t) => {
  const harness = await openPostgresHarness(t);
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  const batch = owner.writer.openBatch();
  const careless = batch.withTransaction(async (transaction) => {
    await harness.increment(transaction, "sold", 1);
    await (transaction as TransactionSql)`select 1 / 0`.catch(() => {});
  });
  await assert.rejects(careless, { code: "FLOW_HANDLER_FAILED" });
  await batch.withTransaction((transaction) => harness.increment(transaction, "sold", 10));
  await batch.commit(owner.writes({ runs: [makeRun({ runId: testRunId(1) })] }));
  assert.equal(await harness.readCounter("sold"), 10);
});

it("undoes a call whose statements are still on their way", async (t) => {
  const harness = await openPostgresHarness(t);
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  const batch = owner.writer.openBatch();
  const hasty = batch.withTransaction(async (transaction) => {
    const tx = transaction as TransactionSql;
    await Promise.all([tx`select 1 / 0`, ...[1, 2, 3].map((by) => harness.increment(tx, "sold", by))]);
  });
  await assert.rejects(hasty, { code: "22012" });
  await batch.commit(owner.writes({ runs: [makeRun({ runId: testRunId(1) })] }));
  assert.equal(await harness.readCounter("sold"), 0);
});

it("ends a session whose participant left a statement that does not return", async (t) => {
  const harness = await openPostgresHarness(t);
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  const batch = owner.writer.openBatch();
  const hanging = batch.withTransaction(async (transaction) => {
    await harness.increment(transaction, "hot", 1);
    void (transaction as TransactionSql)`select pg_sleep(60)`.catch(() => {});
    throw new Error("the handler hangs");
  });
  await assert.rejects(hanging, /the handler hangs/);
  await assert.rejects(batch.commit(owner.writes({ lanes: [owner.step(0)] })), {
    code: "FLOW_STORE_UNAVAILABLE",
  });
  // Its lock on the counter is free, long before the statement would have ended.
  await harness.sql`insert into counters values ('hot', 5)`;
  await owner.start(makeRun({ runId: testRunId(1) }));
});

it("refuses a statement that was prepared in a call and sent after it", async (t) => {
  const harness = await openPostgresHarness(t);
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  const batch = owner.writer.openBatch();
  let late: PromiseLike<unknown> | undefined;
  // The driver's statements are lazy: this one has not been sent when the call ends. Wrapped, so that nothing awaits it.
  const prepared = await batch.withTransaction((transaction) => {
    late = (transaction as TransactionSql)`insert into counters values ('late', 1)`;
    return Promise.resolve("prepared");
  });
  assert.equal(prepared, "prepared");
  await assert.rejects(async () => late, { code: "FLOW_HANDLER_TIMEOUT" });
  await batch.commit(owner.writes({ lanes: [owner.step(0)] }));
  assert.equal(await harness.readCounter("late"), 0);
});

it("gives participants arrays, fragments and savepoints", async (t) => {
  const harness = await openPostgresHarness(t);
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  const batch = owner.writer.openBatch();
  await batch.withTransaction(async (transaction) => {
    const tx = transaction as TransactionSql;
    const names = ["one", "two"];
    await tx`insert into counters select unnest(${names}::text[]), 1`;
    const [found] = await tx<{ counters: string[]; values: number[] }[]>`
      select array_agg(counter order by counter) as counters, array_agg(value) as values
        from counters where counter = any(${tx.array(names)}) and value = any(${[1, 2]}::integer[])`;
    assert.deepEqual({ ...found }, { counters: ["one", "two"], values: [1, 1] });
    const failing = tx.savepoint(async (inner) => {
      await inner`update counters set value = 7`;
      await inner`select 1 / 0`;
    });
    await assert.rejects(failing, { code: "22012" });
    const [changed] = await tx.savepoint(
      (inner) => inner<{ value: number }[]>`
        update counters set value = value + 1 where ${inner`counter = ${"two"}`} returning value`,
    );
    assert.equal(changed?.value, 2);
  });
  await batch.commit(owner.writes({ lanes: [owner.step(0)] }));
  assert.deepEqual([await harness.readCounter("one"), await harness.readCounter("two")], [1, 2]);
});

it("takes a participant's deferred constraint as a refusal of the whole batch", async (t) => {
  const harness = await openPostgresHarness(t);
  await harness.sql`create table parents (id integer primary key)`;
  await harness.sql`create table children (id integer references parents deferrable initially deferred)`;
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  const batch = owner.writer.openBatch();
  await batch.withTransaction(async (transaction) => {
    await (transaction as TransactionSql)`insert into children values (1)`;
  });
  await assert.rejects(batch.commit(owner.writes({ runs: [makeRun({ runId: testRunId(1) })] })), {
    code: "23503",
  });
  assert.equal(await owner.store.getRun(testRunId(1)), null);
  await owner.start(makeRun({ runId: testRunId(1) }));
});

it("keeps its session usable after a batch that Postgres refuses", async (t) => {
  const harness = await openPostgresHarness(t);
  const owner = await openOwner(harness.openStoreWith({ engineId: "a" }));
  const unstorable = makeRun({ runId: testRunId(1), state: "nul \u0000" });
  const batch = owner.writer.openBatch();
  await batch.withTransaction((transaction) => harness.increment(transaction, "sold", 1));
  await assert.rejects(batch.commit(owner.writes({ runs: [unstorable] })), { code: "22021" });
  await owner.start(makeRun({ runId: testRunId(2) }));
  assert.equal(await harness.readCounter("sold"), 0);
  assert.equal(
    (await harness.sql`select from pg_stat_activity where starts_with(application_name, ${WRITERS})`).length,
    1,
  );
});

it("ends at takeover the sessions of the former owner and nobody else's", async (t) => {
  const harness = await openPostgresHarness(t);
  const names = ["a", "b", "c"];
  const stores = names.map((engineId) => harness.openStoreWith({ engineId }));
  await stores[0]?.openDeployment(3);
  const owners = await Promise.all(stores.map((store) => TestOwner.open(store, store.engineId)));
  for (const [laneId, owner] of owners.entries()) {
    await owner.claim([laneId], owner.engineId === "a" ? 300 : LEASE_MS);
    const batch = owner.writer.openBatch();
    await batch.withTransaction((transaction) => harness.increment(transaction, owner.engineId, 1));
  }
  await harness.passMs(350);
  assert.deepEqual(
    (await owners[1]?.claim([0, 1, 2]))?.map(({ laneId }) => laneId),
    [0, 1],
  );
  const sessions = await harness.sql<{ name: string }[]>`
    select application_name as name from pg_stat_activity
     where datname = current_database() and starts_with(application_name, ${WRITERS})`;
  const alive = names.filter((name) =>
    sessions.some((session) => session.name.startsWith(writerPrefix("sluice", name))),
  );
  assert.deepEqual(alive, ["b", "c"]);
});

it("lets one owner at a time move a lane, however they fight for it", async (t) => {
  const harness = await openPostgresHarness(t);
  const store = harness.openStoreWith({ engineId: "a" });
  await store.openDeployment(2);
  let version = 0;
  const runId = testRunId(1);
  const moves = await Promise.all(
    ["a", "b", "c"].map(async (engineId) => {
      const owner = await TestOwner.open(harness.openStoreWith({ engineId }), engineId);
      let moved = 0;
      for (let round = 0; round < 30; round++) {
        // A lease that has ended already: whoever comes takes the lane.
        if ((await owner.claim([0, 1], 0)).length < 2) continue;
        const [run] = await owner.store.getRuns([runId]);
        const next = (run?.version ?? 0) + 1;
        const entries = [makeEntry(next)];
        const commit = owner.commit({
          runs: [makeRun({ runId, version: next })],
          lanes: [owner.step(0), owner.step(1)],
          history: [{ runId, lane: 0, entries }],
        });
        await commit.then(
          () => moved++,
          (error: unknown) =>
            assert.match(
              String((error as { code: unknown }).code),
              /^FLOW_(LANE_LOST|STORE_UNAVAILABLE|OUTCOME_UNKNOWN)$/,
            ),
        );
        version = Math.max(version, next);
      }
      return moved;
    }),
  );
  assert.ok(moves.reduce((sum, moved) => sum + moved, 0) > 0, "nobody ever moved a lane");
  const { entries } = await store.audit({ quiet: false });
  assert.deepEqual(await findingsOf(store, false), []);
  const [lane] = await store.listLanes();
  assert.equal(lane?.batchNumber, entries);
  assert.ok(entries >= moves.reduce((sum, moved) => sum + moved, 0));
});
