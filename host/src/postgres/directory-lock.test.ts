import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { hasCode } from "@sluice/contracts/problem";
import { startTimeOf } from "../process-identity.ts";
import { lockDirectory } from "./directory-lock.ts";

async function folder(t: TestContext): Promise<{ readonly directory: string; readonly lockFile: string }> {
  const directory = await mkdtemp(join(tmpdir(), "sluice-lock-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return { directory, lockFile: join(directory, "sluice.lock") };
}

test("gives a directory to one holder at a time and frees it", async (t) => {
  const { directory, lockFile } = await folder(t);
  const lock = await lockDirectory(directory, lockFile);
  await assert.rejects(lockDirectory(directory, lockFile), (error) =>
    hasCode(error, "HOST_DATA_DIRECTORY_IN_USE"),
  );
  await lock.release();
  await (await lockDirectory(directory, lockFile)).release();
  assert.deepEqual(await readdir(directory), []);
});

test("takes over the lock of a process whose id a stranger has got since", async (t) => {
  const { directory, lockFile } = await folder(t);
  await writeFile(lockFile, JSON.stringify({ pid: process.pid, startTime: "long ago", nonce: "dead" }));
  const lock = await lockDirectory(directory, lockFile);
  assert.deepEqual(await readdir(directory), ["sluice.lock"]);
  await lock.release();
});

test("takes over a lock file that a power cut left empty", async (t) => {
  const { directory, lockFile } = await folder(t);
  await writeFile(lockFile, "");
  await (await lockDirectory(directory, lockFile)).release();
});

test("goes on where a successor died before it had become the holder", async (t) => {
  const { directory, lockFile } = await folder(t);
  await writeFile(lockFile, JSON.stringify({ pid: 1, startTime: "long ago", nonce: "first" }));
  await writeFile(
    `${lockFile}.after-first`,
    JSON.stringify({ pid: 1, startTime: "long ago", nonce: "second" }),
  );
  const lock = await lockDirectory(directory, lockFile);
  assert.deepEqual(await readdir(directory), ["sluice.lock"]);
  await lock.release();
});

test("waits out nothing: a living successor of a dead holder is named at once", async (t) => {
  const { directory, lockFile } = await folder(t);
  const startTime = await startTimeOf(process.pid);
  await writeFile(lockFile, JSON.stringify({ pid: 1, startTime: "long ago", nonce: "first" }));
  await writeFile(
    `${lockFile}.after-first`,
    JSON.stringify({ pid: process.pid, startTime, nonce: "second" }),
  );
  await assert.rejects(lockDirectory(directory, lockFile), new RegExp(`process ${process.pid} `));
});

test("gives a dead holder's lock to exactly one of eight who want it at once, a hundred times", async (t) => {
  const { directory, lockFile } = await folder(t);
  for (let round = 0; round < 100; round += 1) {
    await writeFile(lockFile, JSON.stringify({ pid: 1, startTime: "long ago", nonce: `dead-${round}` }));
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, () => lockDirectory(directory, lockFile)),
    );
    const won = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    const lost = answers.flatMap((answer) =>
      answer.status === "rejected" ? [answer.reason as unknown] : [],
    );
    assert.equal(won.length, 1, `round ${round}`);
    assert.ok(lost.every((error) => hasCode(error, "HOST_DATA_DIRECTORY_IN_USE")));
    await won[0]?.release();
  }
  assert.deepEqual(await readdir(directory), []);
});
