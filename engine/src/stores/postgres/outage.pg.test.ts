import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import type { Store } from "../../core/ports.ts";
import { makeRun, testRunId } from "../../testing/rows.ts";
import { LEASE_MS } from "../../testing/store-contract/harness.ts";
import { openFrozenProxy } from "./fixtures/frozen-proxy.ts";
import { killSessions, openOwner, openPostgresHarness } from "./fixtures/harness.ts";
import { resolvePostgresStoreOptions, writerPrefix } from "./options.ts";
import { PostgresPool } from "./pool.ts";
import { createPostgresStore } from "./postgres-store.ts";

const AWAY = { code: "FLOW_STORE_UNAVAILABLE", kind: "unavailable" };

it("tells the store is unavailable where nobody listens", async (t) => {
  const store = createPostgresStore({ target: "postgres://nobody@127.0.0.1:1/none", engineId: "a" });
  t.after(() => store.close());
  await assert.rejects(store.listLanes(), AWAY);
  const batch = (await store.openWriter("w")).openBatch();
  await assert.rejects(batch.loadRuns([testRunId(1)]), AWAY);
  await batch.rollback();
});

it("refuses every call at once while nobody listens", async (t) => {
  const store = createPostgresStore({ target: "postgres://nobody@127.0.0.1:1/none", engineId: "a" });
  t.after(() => store.close());
  const beganMs = performance.now();
  for (let round = 0; round < 20; round++) {
    await Promise.all([
      assert.rejects(store.listRuns({ limit: 1 }), AWAY),
      assert.rejects(store.countStates("order"), AWAY),
    ]);
  }
  assert.ok(performance.now() - beganMs < 1_000, `${performance.now() - beganMs} ms`);
});

it("waits for a server that takes connections and never answers no longer than connecting may take", async (t) => {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const store = createPostgresStore({
    target: `postgres://x@127.0.0.1:${port}/x`,
    engineId: "a",
    connectMs: 200,
  });
  t.after(async () => {
    await store.close();
    server.close();
  });
  const beganMs = performance.now();
  const writer = await store.openWriter("w");
  await Promise.all([
    assert.rejects(store.listLanes(), AWAY),
    assert.rejects(writer.openBatch().loadRuns([testRunId(1)]), AWAY),
    assert.rejects(store.audit({ quiet: false }), AWAY),
  ]);
  assert.ok(performance.now() - beganMs < 2_000, `${performance.now() - beganMs} ms`);
});

it("gives a silent database up, and finds it again by itself", async (t) => {
  const harness = await openPostgresHarness(t);
  const proxy = await openFrozenProxy(t, harness.target);
  const store = harness.openStoreWith({
    engineId: "a",
    target: proxy.target,
    connectMs: 300,
    statementMs: 300,
  });
  const owner = await openOwner(store);
  await owner.start(makeRun({ runId: testRunId(1) }));
  const batch = owner.writer.openBatch();
  await batch.withTransaction((transaction) => harness.increment(transaction, "sold", 1));

  proxy.freeze();
  await Promise.all([
    assert.rejects(batch.commit(owner.writes({ lanes: [owner.step(0)] })), { code: "FLOW_OUTCOME_UNKNOWN" }),
    assert.rejects(store.heartbeat({ engineId: "a", address: null, leaseMs: LEASE_MS }), AWAY),
    assert.rejects(store.audit({ quiet: false }), AWAY),
  ]);
  const next = owner.writer.openBatch();
  await assert.rejects(next.loadRuns([testRunId(1)]), AWAY);
  await next.rollback();

  proxy.thaw();
  await untilAnswered(store);
  await owner.claim([0, 1, 2, 3]);
  await owner.start(makeRun({ runId: testRunId(2) }));
  assert.notEqual(await store.getRun(testRunId(2)), null);
});

it("tells soon that the database has fallen silent, however long a statement may take", async (t) => {
  const harness = await openPostgresHarness(t);
  const proxy = await openFrozenProxy(t, harness.target);
  const store = harness.openStoreWith({ engineId: "a", target: proxy.target });
  await store.openDeployment(4);

  proxy.freeze();
  const frozenMs = performance.now();
  await Promise.all([
    assert.rejects(store.listRuns({ limit: 1 }), AWAY),
    assert.rejects(store.countStates("order"), AWAY),
    assert.rejects(store.heartbeat({ engineId: "a", address: null, leaseMs: LEASE_MS }), AWAY),
  ]);
  const knownMs = performance.now();
  assert.ok(knownMs - frozenMs < 3_000, `${knownMs - frozenMs} ms`);
  for (let round = 0; round < 20; round++) await assert.rejects(store.listRuns({ limit: 1 }), AWAY);
  assert.ok(performance.now() - knownMs < 500, `${performance.now() - knownMs} ms`);

  proxy.thaw();
  await untilAnswered(store);
});

it("waits for a slow statement as long as the database lives", async (t) => {
  const { target } = await openPostgresHarness(t);
  const pool = new PostgresPool(
    resolvePostgresStoreOptions({ target, engineId: "a", connectionsMax: 1, connectMs: 5_000 }),
  );
  t.after(() => pool.close());
  const [row] = await pool.run(
    (sql) => sql<{ isSlow: boolean }[]>`select pg_sleep(2) is not null as "isSlow"`,
  );
  assert.deepEqual(row, { isSlow: true });
});

it("works over TCP and by a URL that asks for another name and for encryption if there is any", async (t) => {
  const harness = await openPostgresHarness(t);
  const proxy = await openFrozenProxy(t, harness.target);
  const target = `${proxy.target}?application_name=mine&search_path=public&sslmode=prefer`;
  const owner = await openOwner(harness.openStoreWith({ engineId: "a", target }));
  await owner.start(makeRun({ runId: testRunId(1) }));
  assert.equal(await killSessions(harness.sql, writerPrefix("sluice", "a")), 1);
  assert.equal(await killSessions(harness.sql, "mine"), 0);
});

it("reconnects after the server has ended every session", async (t) => {
  const harness = await openPostgresHarness(t);
  const store = harness.openStoreWith({ engineId: "a" });
  const owner = await openOwner(store);
  await owner.start(makeRun({ runId: testRunId(1) }));
  for (let round = 2; round < 6; round++) {
    const reads = Array.from({ length: 20 }, () => store.getRun(testRunId(1)).then(() => {}, isAway));
    await Promise.all([
      killSessions(harness.sql, "sluice-engine"),
      killSessions(harness.sql, "sluice-writer"),
      ...reads,
    ]);
    await untilAnswered(store);
    await owner.start(makeRun({ runId: testRunId(round) }));
  }
});

function isAway(error: unknown): void {
  assert.equal((error as { code: unknown }).code, "FLOW_STORE_UNAVAILABLE");
}

async function untilAnswered(store: Store): Promise<void> {
  for (const deadlineMs = performance.now() + 10_000; performance.now() < deadlineMs;) {
    const isAnswered = await store.listLanes().then(
      () => true,
      () => false,
    );
    if (isAnswered) return;
  }
  throw new Error("the store does not answer after 10 s");
}
