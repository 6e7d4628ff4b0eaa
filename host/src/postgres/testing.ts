/**
 * Databases for tests: one server per test process, a fresh database per test, dropped after it. A test that leaves a
 * connection open fails. The server is an embedded one in a folder of its own, fsync on, or the one that
 * SLUICE_TEST_DATABASE_URL names.
 */
import { randomUUID } from "node:crypto";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { env } from "node:process";
import { after } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SILENT_LOG } from "../log.ts";
import { lockDirectory } from "./directory-lock.ts";
import { startEmbeddedPostgres } from "./embedded.ts";
import { layoutOf } from "./layout.ts";
import { closePostgres, openPostgres, quoteIdentifier } from "./open.ts";
import type { OpenPostgresOptions, Sql } from "./open.ts";
import { findPostmaster, stopPostmaster } from "./postmaster.ts";
import { testFolder } from "./testing-folder.ts";
import { seedCluster } from "./testing-template.ts";
import { withDatabase } from "./url.ts";
import type { PostgresTarget } from "./url.ts";

export interface TestDatabase {
  readonly name: string;
  readonly target: PostgresTarget;
  /** A pool of this test, closed after it. */
  readonly sql: Sql;
  /** Another pool, closed after the test as well. */
  open(options?: Partial<OpenPostgresOptions>): Promise<Sql>;
}

/** A fresh database for this test. It is dropped after the test's own `t.after` hooks have run. */
export async function testDatabase(t: TestContext, label = "test"): Promise<TestDatabase> {
  const { target: server, admin } = await testServer();
  const name = nextName(label);
  await admin.unsafe(`create database ${quoteIdentifier(name)}`);
  const pools: Sql[] = [];
  // A hook that is added while hooks run comes last, after those the test adds later than this one.
  t.after(() => t.after(() => dropDatabase(admin, name, pools)));

  const target = withDatabase(server, name);
  const open = async (options: Partial<OpenPostgresOptions> = {}): Promise<Sql> => {
    const pool = await openPostgres(target, { applicationName: "sluice-test", ...options });
    pools.push(pool);
    return pool;
  };
  return { name, target, sql: await open(), open };
}

/** The path of a folder for a test, which does not exist yet, lies where a server's user can reach it, and is removed after. */
export function testDataDirectory(t: TestContext): string {
  const folder = join(testFolder(), `${FOLDER_PREFIX}${randomUUID().slice(0, 8)}`);
  t.after(() => t.after(() => rm(folder, { recursive: true, force: true })));
  return folder;
}

const FOLDER_PREFIX = "sluice-test-";

interface TestServer {
  readonly target: PostgresTarget;
  readonly admin: Sql;
  stop(): Promise<void>;
}

let running: Promise<TestServer> | undefined;

after(async () => {
  if (running !== undefined) await (await running).stop();
});

function testServer(): Promise<TestServer> {
  return (running ??= startTestServer());
}

async function startTestServer(): Promise<TestServer> {
  const url = env["SLUICE_TEST_DATABASE_URL"];
  if (url !== undefined && url !== "") {
    const admin = await openAdmin(url);
    return { target: url, admin, stop: () => closePostgres(admin) };
  }
  await removeLeftovers();
  const dataDirectory = join(testFolder(), `${FOLDER_PREFIX}${process.pid}-${randomUUID().slice(0, 8)}`);
  await seedCluster(layoutOf(dataDirectory));
  const server = await startEmbeddedPostgres({ dataDirectory, log: SILENT_LOG });
  const admin = await openAdmin(server.target);
  return {
    target: server.target,
    admin,
    async stop() {
      await closePostgres(admin);
      await server.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

function openAdmin(target: PostgresTarget): Promise<Sql> {
  return openPostgres(target, { applicationName: "sluice-test-admin", connectionsMax: 2 });
}

let databases = 0;

/** Postgres cuts names at 63 bytes. */
function nextName(label: string): string {
  databases += 1;
  const slug = label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .slice(0, 24);
  return `sluice_test_${process.pid}_${databases}_${slug}`;
}

async function dropDatabase(admin: Sql, name: string, pools: readonly Sql[]): Promise<void> {
  await Promise.all(pools.map((pool) => closePostgres(pool)));
  const leaked = await findLeaks(admin, name);
  await admin.unsafe(`drop database if exists ${quoteIdentifier(name)} with (force)`);
  if (leaked.length > 0) throw new Error(`the test left connections open: ${leaked.join(", ")}`);
}

/** A session ends a moment after its client has closed it. */
const LEAK_MS = 2000;

async function findLeaks(admin: Sql, name: string): Promise<readonly string[]> {
  const startedAt = performance.now();
  for (;;) {
    const rows = await admin<{ application: string }[]>`
      select application_name as application from pg_stat_activity
       where datname = ${name} and backend_type = 'client backend'`;
    if (rows.length === 0 || performance.now() - startedAt > LEAK_MS)
      return rows.map((row) => row.application);
    await sleep(10);
  }
}

/** Younger folders may be in the middle of being made. */
const LEFTOVER_AGE_MS = 600_000;

/** Ends the servers and removes the folders of test processes that were killed. */
async function removeLeftovers(): Promise<void> {
  const parent = testFolder();
  for (const name of await readdir(parent)) {
    if (!name.startsWith(FOLDER_PREFIX)) continue;
    const folder = join(parent, name);
    // Another test process may be removing it too, or it is another user's.
    await removeLeftover(folder).catch(() => {});
  }
}

async function removeLeftover(folder: string): Promise<void> {
  const { mtimeMs } = await stat(folder);
  if (Date.now() - mtimeMs < LEFTOVER_AGE_MS) return;
  const layout = layoutOf(folder);
  await lockDirectory(folder, layout.lockFile);
  const postmaster = await findPostmaster(layout.cluster);
  if (postmaster !== undefined) await stopPostmaster(postmaster, 1000);
  await rm(folder, { recursive: true, force: true });
}
