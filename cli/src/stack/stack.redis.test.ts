import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { createConnection } from "node:net";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { testServerDirectory, whyMissing } from "@sluice/host/stack-testing";
import { startStackUp } from "../fixtures/stack-process.ts";
import { sluice } from "../fixtures/terminal.ts";
import { until } from "../fixtures/until.ts";

const PATH = { PATH: process.env["PATH"] ?? "" };

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = createConnection({ host: "127.0.0.1", port });
  socket.end("PING\r\n");
  try {
    const [reply] = (await once(socket, "data")) as [Buffer];
    return reply.toString() === "+PONG\r\n";
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function stack(...args: readonly string[]) {
  return sluice(["stack", ...args], { env: PATH });
}

/** A folder for a stack, in which nothing runs after the test. */
function stackDirectory(t: TestContext): string {
  const directory = testServerDirectory(t);
  t.after(() => stack("down", "--data-dir", directory));
  return directory;
}

describe("sluice stack", { skip: await whyMissing("redis") }, () => {
  it("starts servers in the foreground, tells where they are, and stops them on Ctrl-C", async (t) => {
    const directory = stackDirectory(t);
    const up = startStackUp(t, [
      "redis",
      "postgres",
      "--data-dir",
      directory,
      "--redis-port",
      "0",
      "--postgres-port",
      "0",
    ]);
    const { servers, stackFile } = await up.ready();
    assert.deepEqual(Object.keys(servers), ["redis", "postgres"]);
    const { redis, postgres } = servers;
    assert.ok(redis !== undefined && postgres !== undefined);
    assert.ok(await answers(redis.port));
    assert.match(postgres.address, /^postgres:\/\/sluice:[\w-]{32}@127\.0\.0\.1:\d+\/postgres$/);

    assert.equal((await stat(stackFile)).mode & 0o777, 0o600);
    const file = JSON.parse(await readFile(stackFile, "utf8"));
    assert.equal(file.servers.redis.address, redis.address);
    assert.equal(file.servers.postgres.pid, postgres.pid);

    const status = await stack("status", "--data-dir", directory);
    assert.equal(status.exitCode, 0, status.stderr);
    assert.match(status.stdout, /^redis +running +\d+ +7\S+ +redis:\/\/127\.0\.0\.1:\d+$/m);

    process.kill(up.pid, "SIGINT");
    assert.equal(await up.ended, 0);
    assert.deepEqual([isAlive(redis.pid), isAlive(postgres.pid)], [false, false]);
    assert.match(up.output.stderr, /"postgres has stopped"[^]*"redis has stopped"/);
    await assert.rejects(stat(stackFile));
  });

  it("starts a server that died again, on its port", async (t) => {
    const directory = stackDirectory(t);
    const up = startStackUp(t, ["redis", "--data-dir", directory, "--redis-port", "0"]);
    const { servers, stackFile } = await up.ready();
    const { pid = 0, port = 0 } = servers["redis"] ?? {};
    process.kill(pid, "SIGKILL");
    await until("stack.json to tell the new process", async () => {
      const text = await readFile(stackFile, "utf8").catch(() => "{}");
      return (JSON.parse(text).servers?.redis?.pid ?? pid) !== pid;
    });
    assert.ok(await answers(port));
    assert.match(up.output.stderr, /redis: a server died; starting it again \(signal SIGKILL\)/);
  });

  it("leaves servers running with --detach, adds to them, and stops them all with down", async (t) => {
    const directory = stackDirectory(t);
    const first = await stack(
      "up",
      "redis",
      "--detach",
      "--data-dir",
      directory,
      "--redis-port",
      "0",
      "--json",
    );
    assert.equal(first.exitCode, 0, first.stderr);
    const { redis } = JSON.parse(first.stdout).servers;
    assert.ok(await answers(redis.port));

    const second = await stack("up", "postgres", "--detach", "--data-dir", directory, "--postgres-port", "0");
    assert.equal(second.exitCode, 0, second.stderr);
    assert.match(second.stdout, /`sluice stack down` stops/);
    const { servers } = JSON.parse(await readFile(JSON.parse(first.stdout).stackFile, "utf8"));
    assert.deepEqual(Object.keys(servers), ["redis", "postgres"]);

    const down = await stack("down", "--data-dir", directory, "--json");
    assert.deepEqual(JSON.parse(down.stdout).stopped, ["redis", "postgres"]);
    assert.deepEqual([isAlive(redis.pid), isAlive(servers.postgres.pid)], [false, false]);
    assert.equal((await stack("status", "--data-dir", directory)).exitCode, 1);
    assert.match((await stack("down", "--data-dir", directory)).stdout, /^nothing ran in /);
  });

  it("ends one that another terminal holds with down", async (t) => {
    const directory = stackDirectory(t);
    const up = startStackUp(t, ["redis", "--data-dir", directory, "--redis-port", "0"]);
    const { servers } = await up.ready();
    const refused = await stack("up", "redis", "--data-dir", directory);
    assert.equal(refused.exitCode, 1);
    assert.match(
      refused.stderr,
      new RegExp(`in use by process ${up.pid} .*stack down.*HOST_DATA_DIRECTORY_IN_USE`),
    );

    assert.equal((await stack("down", "--data-dir", directory)).stdout, "stopped redis\n");
    assert.equal(await up.ended, 0);
    assert.equal(isAlive(servers["redis"]?.pid ?? 0), false);
  });

  it("starts nothing when one of several cannot be started", async (t) => {
    const directory = stackDirectory(t);
    const other = await stack(
      "up",
      "redis",
      "--detach",
      "--data-dir",
      stackDirectory(t),
      "--redis-port",
      "0",
      "--json",
    );
    const { port } = JSON.parse(other.stdout).servers.redis;
    const up = await stack(
      "up",
      "postgres",
      "redis",
      "--data-dir",
      directory,
      "--postgres-port",
      "0",
      "--redis-port",
      String(port),
    );
    assert.equal(up.exitCode, 1);
    assert.match(up.stderr, /HOST_PORT_TAKEN/);
    const { servers } = JSON.parse((await stack("status", "--data-dir", directory, "--json")).stdout);
    assert.deepEqual(
      servers.filter(({ state }: { state: string }) => state !== "stopped"),
      [],
    );
  });

  it("leaves out what cannot be had when told so, and else says how to get it", async (t) => {
    const directory = stackDirectory(t);
    // No jars of Kafka in an empty cache.
    const env = { ...PATH, SLUICE_STACK_CACHE_DIRECTORY: `${directory}-cache` };
    const args = [
      "stack",
      "up",
      "kafka",
      "redis",
      "--no-install",
      "--detach",
      "--data-dir",
      directory,
      "--redis-port",
      "0",
    ];
    const refused = await sluice(args, { env });
    assert.equal(refused.exitCode, 3);
    assert.match(refused.stderr, /^sluice: kafka: .*HOST_SERVER_MISSING\)\n$/);

    const some = await sluice([...args, "--skip-missing", "--json"], { env });
    assert.equal(some.exitCode, 0, some.stderr);
    const { servers, skipped } = JSON.parse(some.stdout);
    assert.deepEqual([Object.keys(servers), skipped[0].name], [["redis"], "kafka"]);
    assert.match(some.stderr, /^\{"notice":"skipped kafka: kafka: /m);
  });
});
