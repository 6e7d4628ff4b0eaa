import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SILENT_LOG } from "@sluice/host/log";
import { closePostgres, migrate, openPostgres, startEmbeddedPostgres } from "@sluice/host/postgres";
import type { EmbeddedPostgres } from "@sluice/host/postgres";
import { testDataDirectory } from "@sluice/host/postgres-testing";
import { hasCode } from "../../core/errors.ts";
import type { Store } from "../../core/ports.ts";
import { makeEntry, makeRun, testRunId } from "../../testing/rows.ts";
import { LEASE_MS, TestOwner, findingsOf } from "../../testing/store-contract/harness.ts";
import { postgresMigrations } from "./migrations.ts";
import { createPostgresStore } from "./postgres-store.ts";

const LANES = [0, 1, 2, 3];

async function openServer(t: TestContext): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDirectory: testDataDirectory(t), log: SILENT_LOG });
  t.after(() => server.stop());
  const sql = await openPostgres(server.target, { applicationName: "sluice-test" });
  const { room, directory } = postgresMigrations;
  await migrate(sql, { room, migrations: directory, schema: "sluice" });
  await closePostgres(sql);
  return server;
}

/** Commits one version of a run after the other until told to stop; answers the newest version whose commit was acknowledged. */
async function keepWriting(store: Store, runId: string, signal: AbortSignal): Promise<number> {
  let acknowledged = 0;
  let owner: TestOwner | null = null;
  while (!signal.aborted) {
    try {
      if (owner === null) {
        owner = await TestOwner.open(store, store.engineId);
        if ((await owner.claim(LANES)).length < LANES.length) {
          owner = null;
          continue;
        }
      }
      const version = ((await store.getRun(runId))?.version ?? 0) + 1;
      assert.ok(version > acknowledged, `version ${acknowledged} was acknowledged and is gone`);
      await owner.commit({
        runs: [makeRun({ runId, version })],
        history: [{ runId, lane: 0, entries: [makeEntry(version)] }],
      });
      acknowledged = version;
    } catch (error) {
      const isExpected = ["FLOW_STORE_UNAVAILABLE", "FLOW_OUTCOME_UNKNOWN", "FLOW_LANE_LOST"].some((code) =>
        hasCode(error, code),
      );
      if (!isExpected) throw error;
      await owner?.writer.close();
      owner = null;
    }
  }
  await owner?.writer.close();
  return acknowledged;
}

it(
  "keeps every acknowledged batch while Postgres is killed and frozen again and again",
  { timeout: 120_000 },
  async (t) => {
    const server = await openServer(t);
    const store = createPostgresStore({
      target: server.target,
      engineId: "a",
      connectMs: 500,
      statementMs: 500,
    });
    t.after(() => store.close());
    await store.openDeployment(LANES.length);
    const runId = testRunId(1);
    const stop = new AbortController();
    const writing = keepWriting(store, runId, stop.signal);
    const versionOf = async () => (await store.getRun(runId).catch(() => null))?.version ?? 0;

    for (const isKilled of [true, false, true, false]) {
      const before = await untilBeyond(versionOf, 0);
      await untilBeyond(versionOf, before + 20);
      if (isKilled) process.kill(server.pid() ?? assert.fail(), "SIGKILL");
      else await freeze(server, store);
    }
    await untilBeyond(versionOf, (await untilBeyond(versionOf, 0)) + 20);
    stop.abort();
    const acknowledged = await writing;
    const { entries } = await store.audit({ quiet: false });
    assert.deepEqual(await findingsOf(store, false), []);
    assert.ok(entries >= acknowledged, `${acknowledged} acknowledged, ${entries} stored`);
    await store.heartbeat({ engineId: "a", address: null, leaseMs: LEASE_MS });
  },
);

/** Stops every process that serves somebody until the store has given its connections up, then lets them go on. */
async function freeze(server: EmbeddedPostgres, store: Store): Promise<void> {
  const sql = await openPostgres(server.target, { applicationName: "sluice-test", connectionsMax: 1 });
  const sessions = await sql<{ pid: number }[]>`
    select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;
  await closePostgres(sql);
  const pids = [server.pid() ?? assert.fail(), ...sessions.map(({ pid }) => pid)];
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  try {
    await assert.rejects(store.heartbeat({ engineId: "a", address: null, leaseMs: LEASE_MS }), {
      code: "FLOW_STORE_UNAVAILABLE",
    });
  } finally {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  }
}

async function untilBeyond(measure: () => Promise<number>, limit: number): Promise<number> {
  for (const deadlineMs = performance.now() + 30_000; performance.now() < deadlineMs;) {
    const value = await measure();
    if (value > limit) return value;
    await sleep(20);
  }
  throw new Error(`no progress beyond ${limit} in 30 s`);
}
