import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFile, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { startTimeOf } from "../../process-identity.ts";
import { serverContract } from "../fixtures/server-contract.ts";
import { startServerHolder } from "../fixtures/server-holder.ts";
import { findServer } from "../running-server.ts";
import { serverLayoutOf } from "../server-layout.ts";
import { startTestServer, testServerDirectory, whyMissing } from "../testing.ts";
import { ask } from "../wire.ts";
import { REDIS } from "./adapter.ts";

/** One command as words, answered with the lines of its reply. */
async function redis(address: string, ...words: readonly string[]): Promise<readonly string[]> {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  // An echo marks the end of the reply before it.
  const end = "*2\r\n$4\r\nECHO\r\n$3\r\nend\r\n";
  const reply = await ask({
    port: Number(new URL(address).port),
    hello: Buffer.from(`*${words.length}\r\n${parts.join("")}${end}`),
    read: (received) => (String(received).endsWith("$3\r\nend\r\n") ? String(received) : undefined),
  });
  assert.ok(reply !== undefined && !reply.startsWith("-"), reply);
  return reply.split("\r\n").slice(0, -3);
}

await serverContract("redis", {
  write: async ({ address }, text) => void (await redis(address, "RPUSH", "kept", text)),
  read: async ({ address }) =>
    (await redis(address, "LRANGE", "kept", "0", "-1")).slice(1).filter((_, index) => index % 2 === 1),
});

// What does not depend on the server is shown with the one that starts fastest.
describe("any server of the stack", { skip: await whyMissing("redis") }, () => {
  it("is replaced when another port is asked for", async (t) => {
    const directory = testServerDirectory(t);
    const holder = startServerHolder(t, "redis", directory);
    const said = await holder.said;
    assert.ok("pid" in said);
    holder.child.kill("SIGKILL");
    await once(holder.child, "exit");
    const port = Number(new URL(said.address).port);
    const squatted = await startTestServer("redis", testServerDirectory(t));
    const otherPort = squatted.port;
    await squatted.stop();

    const server = await startTestServer("redis", directory, { port: otherPort });
    t.after(() => server.stop());
    assert.deepEqual([server.isAdopted, server.port], [false, otherPort]);
    assert.notEqual(server.port, port);
    assert.equal(await startTimeOf(said.pid), undefined);
  });

  it("is adopted although it was frozen", async (t) => {
    const directory = testServerDirectory(t);
    const holder = startServerHolder(t, "redis", directory);
    const said = await holder.said;
    assert.ok("pid" in said);
    holder.child.kill("SIGKILL");
    await once(holder.child, "exit");
    process.kill(said.pid, "SIGSTOP");
    const server = await startTestServer("redis", directory);
    t.after(() => server.stop());
    assert.deepEqual([server.isAdopted, server.pid()], [true, said.pid]);
  });

  it("takes another port than its former one where that is taken by now", async (t) => {
    const directory = testServerDirectory(t);
    const first = await startTestServer("redis", directory);
    await first.stop();
    const other = await startTestServer("redis", testServerDirectory(t), { port: first.port });
    t.after(() => other.stop());
    const again = await startTestServer("redis", directory);
    t.after(() => again.stop());
    assert.notEqual(again.port, first.port);
  });

  it("tells the last words of a process that could not start, and frees its folder", async (t) => {
    const directory = testServerDirectory(t);
    const first = await startTestServer("redis", directory);
    await first.stop();
    const folder = join(serverLayoutOf(REDIS, directory).home, "appendonlydir");
    const file = (await readdir(folder)).find((name) => name.endsWith(".incr.aof")) ?? "";
    await appendFile(join(folder, file), "this is no command of Redis, and too long for a cut one\r\n");
    await assert.rejects(startTestServer("redis", directory), (error) => {
      assert.ok(hasCode(error, "HOST_SERVER_START_FAILED"));
      assert.match(
        String(error),
        /Redis did not start: it ended \(exit code 1\).*its log .*redis\.log ends with:\n[^]*Bad file format/,
      );
      return true;
    });
    const layout = serverLayoutOf(REDIS, directory);
    assert.equal((await readdir(directory)).includes("sluice.lock"), false);
    assert.equal(await findServer(layout), undefined);
  });

  it("leaves nothing running when it did not answer in time", async (t) => {
    const directory = testServerDirectory(t);
    await assert.rejects(startTestServer("redis", directory, { startMs: -1 }), (error) =>
      hasCode(error, "HOST_SERVER_START_FAILED"),
    );
    assert.equal(await findServer(serverLayoutOf(REDIS, directory)), undefined);
  });

  it("leaves nothing running when nobody waits for its start any more", async (t) => {
    const directory = testServerDirectory(t);
    await assert.rejects(startTestServer("redis", directory, { signal: AbortSignal.abort() }), {
      name: "AbortError",
    });
    assert.equal(await findServer(serverLayoutOf(REDIS, directory)), undefined);
  });

  it("leaves nothing running when it is stopped in the middle of a start", async (t) => {
    const directory = testServerDirectory(t);
    const server = await startTestServer("redis", directory);
    await server.kill("SIGKILL");
    const starting = Promise.allSettled([server.start(), server.start()]);
    await server.stop();
    await starting;
    assert.equal(await findServer(serverLayoutOf(REDIS, directory)), undefined);
    await assert.rejects(server.start(), { name: "AbortError" });
  });

  it("ends well although it was frozen", async (t) => {
    const directory = testServerDirectory(t);
    const server = await startTestServer("redis", directory, { stopMs: 60_000 });
    await server.kill("SIGSTOP");
    await server.stop();
    assert.match(await readFile(server.logFile, "utf8"), /bye bye/);
  });

  it("thaws when it is told to go on", async (t) => {
    const server = await startTestServer("redis", testServerDirectory(t));
    t.after(() => server.stop());
    await server.kill("SIGSTOP");
    assert.equal(await REDIS.greet({ ...place(server.port) }), undefined);
    await server.kill("SIGCONT");
    assert.match((await REDIS.greet(place(server.port)))?.version ?? "", /^\d+\.\d+/);
  });
});

function place(port: number) {
  return { root: "", home: "", user: undefined, ports: [port] as const, secret: "" };
}
