import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { SILENT_LOG } from "../log.ts";
import { startTimeOf } from "../process-identity.ts";
import { startEmbeddedPostgres } from "./embedded.ts";
import type { EmbeddedPostgres, StartEmbeddedOptions } from "./embedded.ts";
import { defaultDataDirectory, layoutOf } from "./layout.ts";
import { closePostgres, openPostgres } from "./open.ts";
import { isReachable } from "./os-user.ts";
import type { OsUser } from "./os-user.ts";
import { findRunningTarget, holdsDatabase } from "./running-target.ts";
import { testDataDirectory } from "./testing.ts";
import { startHolder } from "./testing-holder.ts";
import { seedCluster } from "./testing-template.ts";
import type { PostgresTarget } from "./url.ts";

const IS_ROOT = process.getuid?.() === 0;
const NOBODY: OsUser = { name: "nobody", uid: 65_534, gid: 65_534 };

async function start(
  t: TestContext,
  dataDirectory: string,
  options: Partial<StartEmbeddedOptions> = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDirectory, log: SILENT_LOG, ...options });
  t.after(() => server.stop());
  return server;
}

async function ask(target: PostgresTarget, query: string): Promise<readonly unknown[]> {
  const sql = await openPostgres(target, { applicationName: "embedded-test", connectionsMax: 1 });
  try {
    return [...(await sql.unsafe(query).values())].flat();
  } finally {
    await closePostgres(sql);
  }
}

function refusal(code: string, message: RegExp): (error: Error) => boolean {
  return (error) => {
    assert.ok(hasCode(error, code), `${error.message} has the code ${code}`);
    assert.match(error.message, message);
    return true;
  };
}

test("makes a durable cluster with checksums, reached by a private socket only, and keeps it over a restart", async (t) => {
  const dataDirectory = testDataDirectory(t);
  const first = await start(t, dataDirectory);
  assert.equal(first.isAdopted, false);
  assert.deepEqual(
    await ask(
      first.target,
      `select current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'),
              current_setting('data_checksums'), current_setting('listen_addresses'), current_setting('server_encoding')`,
    ),
    ["on", "on", "on", "on", "", "UTF8"],
  );
  assert.equal((await stat(first.target.socketDirectory)).mode & 0o777, 0o700);
  await ask(first.target, "create table kept as select 7 as id");
  const pid = first.pid() ?? 0;
  await first.stop();
  assert.equal(await startTimeOf(pid), undefined, "no server is left");

  const second = await start(t, dataDirectory);
  assert.deepEqual(await ask(second.target, "select id from kept"), [7]);
  await second.stop();
  assert.deepEqual((await readdir(dataDirectory)).sort(), ["log", "postgres", "run"]);
});

test("tells the version of the server that runs, not that of a package", async (t) => {
  const dataDirectory = testDataDirectory(t);
  await seedCluster(layoutOf(dataDirectory));
  const server = await start(t, dataDirectory);
  assert.match(server.version, /^\d+\.\d+$/);
  assert.deepEqual(await ask(server.target, "show server_version"), [server.version]);
});

test("refuses a folder with files of somebody else, and changes nothing in it", async (t) => {
  const folder = testDataDirectory(t);
  for (const name of ["a", "b", "postgres", "src"]) await mkdir(join(folder, name), { recursive: true });
  await assert.rejects(
    start(t, folder),
    refusal(
      "HOST_DATA_DIRECTORY_UNUSABLE",
      /holds what is not of Sluice \(.+, .+, .+ and 1 more\), expected an empty folder or one that Sluice has made; .*--data-dir/,
    ),
  );
  assert.deepEqual((await readdir(folder)).sort(), ["a", "b", "postgres", "src"]);
});

test("takes a fresh volume, and a folder that is ours although its database was removed", async (t) => {
  const volume = testDataDirectory(t);
  await mkdir(join(volume, "lost+found"), { recursive: true });
  const server = await start(t, volume);
  await server.stop();
  await rm(layoutOf(volume).cluster, { recursive: true });
  await mkdir(join(volume, "ticket-shop"));
  await (await start(t, volume)).stop();
});

test("says where no data directory can be made", async (t) => {
  if (process.platform !== "linux") return t.skip("only Linux has a file system without room for folders");
  await assert.rejects(
    start(t, "/proc/sluice/data"),
    refusal(
      "HOST_DATA_DIRECTORY_UNUSABLE",
      /\/proc\/sluice\/data cannot be made there, expected a place for a folder/,
    ),
  );
});

test("finds where a running server listens, and nothing where none runs", async (t) => {
  const dataDirectory = testDataDirectory(t);
  assert.equal(holdsDatabase(dataDirectory), false);
  await seedCluster(layoutOf(dataDirectory));
  assert.equal(holdsDatabase(dataDirectory), true);
  assert.equal(await findRunningTarget(dataDirectory), undefined);
  const server = await start(t, dataDirectory);
  assert.deepEqual(await findRunningTarget(dataDirectory), server.target);
  await server.stop();
  assert.equal(await findRunningTarget(dataDirectory), undefined);
});

test("refuses a data directory that another process uses, and names it", async (t) => {
  const dataDirectory = testDataDirectory(t);
  await seedCluster(layoutOf(dataDirectory));
  const holder = startHolder(t, { dataDirectory });
  await holder.said;
  await assert.rejects(
    start(t, dataDirectory),
    refusal(
      "HOST_DATA_DIRECTORY_IN_USE",
      new RegExp(`in use by process ${holder.child.pid} \\(.*node.*\\).*--data-dir.*SLUICE_DATABASE_URL`),
    ),
  );
  holder.child.kill("SIGTERM");
});

test("refuses a data directory that this very process uses already", async (t) => {
  const dataDirectory = testDataDirectory(t);
  await seedCluster(layoutOf(dataDirectory));
  await start(t, dataDirectory);
  await assert.rejects(
    start(t, dataDirectory),
    refusal("HOST_DATA_DIRECTORY_IN_USE", new RegExp(`process ${process.pid} `)),
  );
});

test("refuses a data directory without the named room and leaves it empty", async (t) => {
  const dataDirectory = testDataDirectory(t);
  await assert.rejects(
    start(t, dataDirectory, { freeBytesMin: Number.MAX_SAFE_INTEGER }),
    refusal("HOST_DATA_DIRECTORY_UNUSABLE", /has \d+ MiB free, expected at least \d+ MiB; mend that/),
  );
  assert.deepEqual(await readdir(dataDirectory), []);
});

test("refuses a full file system before it starts anything there", async (t) => {
  const folder = mountTmpfs(t, "size=16m");
  if (folder === undefined) return t.skip("this user may not mount a file system");
  await assert.rejects(
    start(t, join(folder, "data")),
    refusal("HOST_DATA_DIRECTORY_UNUSABLE", /has 1\d MiB free, expected at least 64 MiB/),
  );
});

test("leaves no half-made cluster when the file system fills up during initdb", async (t) => {
  const folder = mountTmpfs(t, "size=24m");
  if (folder === undefined) return t.skip("this user may not mount a file system");
  const dataDirectory = join(folder, "data");
  await assert.rejects(
    start(t, dataDirectory, { freeBytesMin: 0 }),
    refusal(
      "HOST_DATABASE_START_FAILED",
      /initdb could not make a database in .*: [^]*No space left on device/,
    ),
  );
  assert.deepEqual((await readdir(dataDirectory)).sort(), ["log", "run"]);
});

test("refuses a read-only file system", async (t) => {
  const folder = mountTmpfs(t, "size=16m");
  if (folder === undefined) return t.skip("this user may not mount a file system");
  execFileSync("mount", ["-o", "remount,ro", folder]);
  await assert.rejects(
    start(t, join(folder, "data")),
    refusal("HOST_DATA_DIRECTORY_UNUSABLE", /is on a read-only file system/),
  );
});

function mountTmpfs(t: TestContext, options: string): string | undefined {
  const folder = testDataDirectory(t);
  try {
    execFileSync("mkdir", ["-m", "755", folder]);
    execFileSync("mount", ["-t", "tmpfs", "-o", `${options},mode=755`, "sluice-test", folder], {
      stdio: "ignore",
    });
  } catch {
    return undefined;
  }
  t.after(() => execFileSync("umount", [folder]));
  return folder;
}

test("refuses a data directory that this user may not write", async (t) => {
  const parent = testDataDirectory(t);
  await mkdir(parent, { mode: 0o755 });
  await chmod(parent, 0o555);
  const dataDirectory = join(parent, "data");
  const unusable = /cannot be written by this user/;
  if (!IS_ROOT) {
    await assert.rejects(start(t, dataDirectory), refusal("HOST_DATA_DIRECTORY_UNUSABLE", unusable));
    return;
  }
  // Root may write everywhere, so somebody else tries.
  if (!isReachable(import.meta.dirname, NOBODY)) return t.skip("the sources are closed to other users");
  const said = await startHolder(t, { dataDirectory }, NOBODY).said;
  assert.ok("code" in said);
  assert.equal(said.code, "HOST_DATA_DIRECTORY_UNUSABLE");
  assert.match(said.message, unusable);
});

test("refuses a file where the data directory should be", async (t) => {
  const path = testDataDirectory(t);
  await writeFile(path, "");
  await assert.rejects(
    start(t, path),
    refusal("HOST_DATA_DIRECTORY_UNUSABLE", /is (?:or lies below )?a file, expected a folder/),
  );
});

test("refuses a cluster of another major version", async (t) => {
  const dataDirectory = testDataDirectory(t);
  const { cluster } = layoutOf(dataDirectory);
  await seedCluster(layoutOf(dataDirectory));
  await rm(join(cluster, "PG_VERSION"));
  await writeFile(join(cluster, "PG_VERSION"), "13\n");
  await assert.rejects(
    start(t, dataDirectory),
    refusal("HOST_DATA_DIRECTORY_UNUSABLE", /of Postgres 13, expected 18/),
  );
});

test("runs as an ordinary user, as root does by way of another one", async (t) => {
  if (!IS_ROOT) return t.skip("only root can become another user; the other tests ran as an ordinary one");
  if (!isReachable(import.meta.dirname, NOBODY)) return t.skip("the sources are closed to other users");
  const dataDirectory = testDataDirectory(t);
  await mkdir(dataDirectory, { mode: 0o700 });
  await chown(dataDirectory, NOBODY.uid, NOBODY.gid);
  const holder = startHolder(t, { dataDirectory }, NOBODY);
  const said = await holder.said;
  assert.ok("pid" in said, JSON.stringify(said));
  assert.equal((await stat(`/proc/${said.pid}`)).uid, NOBODY.uid);
  holder.child.kill("SIGTERM");
});

test("puts the socket into a private folder elsewhere when its path would be too long", async (t) => {
  const dataDirectory = join(testDataDirectory(t), "a-rather-long-name-for-a-folder".repeat(3), "data");
  await seedCluster(layoutOf(dataDirectory));
  const server = await start(t, dataDirectory);
  const { socketDirectory } = server.target;
  assert.ok(socketDirectory.startsWith(join(tmpdir(), "sluice-")));
  assert.equal((await stat(socketDirectory)).mode & 0o777, 0o700);
  assert.deepEqual(await ask(server.target, "select 1"), [1]);
  await server.stop();
  await assert.rejects(stat(socketDirectory), "the folder is gone with the server");
});

test("refuses a socket folder that somebody else has made before us", async (t) => {
  const dataDirectory = join(testDataDirectory(t), "a-rather-long-name-for-a-folder".repeat(3), "data");
  const { socketDirectory } = layoutOf(dataDirectory);
  await mkdir(socketDirectory);
  await chmod(socketDirectory, 0o777);
  t.after(() => rm(socketDirectory, { recursive: true, force: true }));
  await assert.rejects(start(t, dataDirectory), refusal("HOST_DATA_DIRECTORY_UNUSABLE", /open to others/));
});

test("opens a TCP port only when told to, with a password", async (t) => {
  const dataDirectory = testDataDirectory(t);
  await seedCluster(layoutOf(dataDirectory));
  const server = await start(t, dataDirectory, { tcpPort: await freePort() });
  assert.ok(server.tcpUrl !== undefined);
  assert.deepEqual(await ask(server.tcpUrl, "select 1"), [1]);
  const wrong = new URL(server.tcpUrl);
  wrong.password = "guessed";
  await assert.rejects(ask(wrong.href, "select 1"), refusal("HOST_BAD_OPTION", /refuses us .*password/));
});

test("has its data beside the project, or where root's server user can reach it", () => {
  assert.equal(defaultDataDirectory(tmpdir()), join(tmpdir(), ".sluice", "data"));
  if (IS_ROOT && !isReachable("/root", NOBODY)) {
    assert.match(defaultDataDirectory("/root/clone"), /^\/var\/lib\/sluice\/clone-[0-9a-f]{8}$/);
    assert.notEqual(defaultDataDirectory("/root/clone"), defaultDataDirectory("/root/other/clone"));
  }
});

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
