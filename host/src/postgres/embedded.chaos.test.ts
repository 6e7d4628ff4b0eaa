import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SILENT_LOG } from "../log.ts";
import { startTimeOf } from "../process-identity.ts";
import { startEmbeddedPostgres } from "./embedded.ts";
import type { EmbeddedPostgres, StartEmbeddedOptions } from "./embedded.ts";
import { layoutOf } from "./layout.ts";
import { closePostgres, openPostgres } from "./open.ts";
import type { Sql } from "./open.ts";
import { readPidFile } from "./postmaster.ts";
import { testDataDirectory } from "./testing.ts";
import { startHolder } from "./testing-holder.ts";
import { seedCluster } from "./testing-template.ts";

async function start(
  t: TestContext,
  dataDirectory: string,
  options: Partial<StartEmbeddedOptions> = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDirectory, log: SILENT_LOG, ...options });
  t.after(() => server.stop());
  return server;
}

async function open(t: TestContext, server: EmbeddedPostgres): Promise<Sql> {
  const sql = await openPostgres(server.target, { applicationName: "chaos", connectionsMax: 2 });
  t.after(() => closePostgres(sql, 0));
  return sql;
}

async function until<T>(what: string, condition: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 20) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    await sleep(20);
  }
  throw new Error(`never came true: ${what}`);
}

async function seeded(t: TestContext): Promise<string> {
  const dataDirectory = testDataDirectory(t);
  await seedCluster(layoutOf(dataDirectory));
  return dataDirectory;
}

test("adopts the server that a killed process left running, with all that was committed", async (t) => {
  const dataDirectory = await seeded(t);
  const holder = startHolder(t, { dataDirectory });
  const said = await holder.said;
  assert.ok("pid" in said);
  holder.child.kill("SIGKILL");
  await once(holder.child, "exit");
  assert.ok(await startTimeOf(said.pid), "the server outlives its starter");

  const server = await start(t, dataDirectory);
  assert.equal(server.isAdopted, true);
  assert.equal(server.pid(), said.pid);
  const sql = await open(t, server);
  assert.equal((await sql`select 1 as one`)[0]?.["one"], 1);
  await closePostgres(sql);
  await server.stop();
  assert.ok(!(await startTimeOf(said.pid)), "an adopted server ends with us as well");
});

test("starts a server that died again, and the pool finds it", async (t) => {
  const server = await start(t, await seeded(t));
  const sql = await open(t, server);
  await sql`create table kept (id int)`;
  await sql`insert into kept values (1)`;
  const pid = server.pid() ?? 0;
  process.kill(pid, "SIGKILL");
  const again = await until("another server runs", () => (server.pid() === pid ? undefined : server.pid()));
  assert.notEqual(again, pid);
  const rows = await until("the pool answers", () => sql`select id from kept`.catch(() => undefined));
  assert.deepEqual([...rows], [{ id: 1 }]);
});

test("starts an adopted server that died again", async (t) => {
  const dataDirectory = await seeded(t);
  const holder = startHolder(t, { dataDirectory });
  await holder.said;
  holder.child.kill("SIGKILL");
  await once(holder.child, "exit");
  const server = await start(t, dataDirectory);
  const pid = server.pid() ?? 0;
  process.kill(pid, "SIGKILL");
  await until("another server runs", () => (server.pid() === pid ? undefined : server.pid()));
});

test("starts after process and server were killed together", async (t) => {
  const dataDirectory = await seeded(t);
  const holder = startHolder(t, { dataDirectory });
  const said = await holder.said;
  assert.ok("pid" in said);
  holder.child.kill("SIGKILL");
  process.kill(said.pid, "SIGKILL");
  await once(holder.child, "exit");
  const server = await start(t, dataDirectory);
  assert.equal(server.isAdopted, false);
  await open(t, server);
});

test("starts after a process was killed at any instant of its own start", async (t) => {
  const dataDirectory = await seeded(t);
  for (let delayMs = 150; delayMs < 600; delayMs += 30) {
    const holder = startHolder(t, { dataDirectory });
    holder.said.catch(() => {});
    await sleep(delayMs);
    holder.child.kill("SIGKILL");
    await once(holder.child, "exit");
  }
  const server = await start(t, dataDirectory);
  await open(t, server);
});

test("starts although a stranger has got the process id of postmaster.pid since", async (t) => {
  const dataDirectory = await seeded(t);
  const { cluster } = layoutOf(dataDirectory);
  const lines = [process.pid, cluster, 1_700_000_000, 5432, "/tmp", "", "0 0", "ready"];
  await writeFile(join(cluster, "postmaster.pid"), `${lines.join("\n")}\n`);
  const server = await start(t, dataDirectory);
  assert.equal(server.isAdopted, false);
  assert.equal((await readPidFile(cluster))?.pid, server.pid());
});

test("replaces a running server when the settings have changed", async (t) => {
  const dataDirectory = await seeded(t);
  const holder = startHolder(t, { dataDirectory });
  const said = await holder.said;
  assert.ok("pid" in said);
  holder.child.kill("SIGKILL");
  await once(holder.child, "exit");
  const server = await start(t, dataDirectory, { connectionsMax: 20 });
  assert.equal(server.isAdopted, false);
  assert.ok(!(await startTimeOf(said.pid)));
  const sql = await open(t, server);
  assert.equal((await sql`show max_connections`)[0]?.["max_connections"], "20");
});

test("replaces a running server that is frozen", async (t) => {
  const dataDirectory = await seeded(t);
  const holder = startHolder(t, { dataDirectory });
  const said = await holder.said;
  assert.ok("pid" in said);
  holder.child.kill("SIGKILL");
  await once(holder.child, "exit");
  process.kill(said.pid, "SIGSTOP");
  const server = await start(t, dataDirectory, { startMs: 500, stopMs: 200 });
  assert.equal(server.isAdopted, false);
  await open(t, server);
});

test("leaves nothing half made when killed in the middle of initdb", async (t) => {
  const dataDirectory = testDataDirectory(t);
  const holder = startHolder(t, { dataDirectory });
  holder.said.catch(() => {});
  const { cluster, root } = layoutOf(dataDirectory);
  const draft = await until("initdb works on a draft", async () => {
    const names = await readdir(root).catch(() => []);
    const name = names.find((entry) => entry.startsWith("postgres.draft-"));
    const isFilling = name !== undefined && (await readdir(join(root, name))).includes("global");
    return isFilling ? join(root, name) : undefined;
  });
  holder.child.kill("SIGKILL");
  await once(holder.child, "exit");
  await assert.rejects(readdir(cluster), "there is no cluster yet");

  const server = await start(t, dataDirectory);
  await open(t, server);
  await assert.rejects(readdir(draft), "the draft is gone");
});

test("lets the server of a process group's Ctrl-C run on until we stop it", async (t) => {
  const server = await start(t, await seeded(t));
  const fields = (await readFile(`/proc/${server.pid() ?? 0}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  const [, , group, session] = fields;
  assert.equal(group, String(server.pid()), "it leads a process group of its own");
  assert.equal(session, String(server.pid()), "it leads a session of its own");
});

test("gives up after the named number of failed restarts and says so once", async (t) => {
  const dataDirectory = await seeded(t);
  const failure = Promise.withResolvers<Error>();
  const server = await start(t, dataDirectory, {
    restartsMax: 1,
    onFailure: (error) => failure.resolve(error),
  });
  await rm(join(layoutOf(dataDirectory).cluster, "global"), { recursive: true });
  process.kill(server.pid() ?? 0, "SIGKILL");
  const error = await failure.promise;
  assert.match(error.message, /did not start: it ended \(exit code \d\)[^]*its log .* ends with:\n/);
  assert.equal(server.pid(), undefined);
});
