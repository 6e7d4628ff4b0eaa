import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { testDatabase } from "./testing.ts";

test("gives each test an empty database of its own", async (t) => {
  const [one, two] = [await testDatabase(t), await testDatabase(t)];
  await one.sql`create table things (id int)`;
  const [row] = await two.sql`select to_regclass('things') as things`;
  assert.equal(row?.["things"], null);
});

async function runTests(
  t: TestContext,
  body: string,
): Promise<{ readonly code: number; readonly output: string }> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-tests-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "some.test.mjs");
  const modules = [import.meta.resolve("./testing.ts"), import.meta.resolve("./open.ts")];
  await writeFile(
    file,
    `import { test } from "node:test";
     import { testDatabase } from ${JSON.stringify(modules[0])};
     import { openPostgres, closePostgres } from ${JSON.stringify(modules[1])};
     test("some", async (t) => {
       const db = await testDatabase(t);
       const mine = await openPostgres(db.target, { applicationName: "mine" });
       ${body}
     });`,
  );
  const child = spawn(process.execPath, ["--test-reporter=tap", file], {
    env: {},
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "close");
  const output = await text(child.stdout);
  return { code: Number((await exited)[0]), output };
}

test("fails a test that leaves a connection open", async (t) => {
  const { code, output } = await runTests(t, "");
  assert.equal(code, 1);
  assert.match(output, /the test left connections open: mine/);
});

test("lets a test close what it opened in a hook that it adds later", async (t) => {
  const { code, output } = await runTests(t, "t.after(() => closePostgres(mine));");
  assert.equal(code, 0, output);
});
