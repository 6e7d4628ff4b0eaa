import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";

/** What an older Node answers when it is asked for its version. */
const OLDER =
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})';
const TELL =
  'console.log(process.versions.node.split(".")[0], process.argv.slice(2).join("|")); process.exitCode = 3;';

test("sluice runs in the Node it was started with when that is new enough", (t) => {
  const { status, stdout } = run(makeFolder(t, TELL), []);
  assert.deepEqual({ status, stdout }, { status: 3, stdout: "24 runs|list all\n" });
});

test("sluice runs under the installed Node when it was started with an older one", (t) => {
  const { status, stdout } = run(makeFolder(t, TELL), ["--import", OLDER]);
  assert.deepEqual({ status, stdout }, { status: 3, stdout: "24 runs|list all\n" });
});

test("sluice says what to do when there is no Node that is new enough", (t) => {
  const folder = makeFolder(t, TELL);
  rmSync(join(folder, "node_modules"), { recursive: true });
  const { status, stderr } = run(folder, ["--import", OLDER]);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^sluice: this is Node 20\.1\.0, expected Node 24 or newer, and none is installed.*Run "npm ci"/,
  );
});

test("sluice passes SIGTERM on and ends when the installed Node has drained", async (t) => {
  const drains = `
    const work = setInterval(() => {}, 1_000);
    process.once("SIGTERM", () => { clearInterval(work); process.exitCode = 4; console.log("drained"); });
    console.log("ready");`;
  const child = spawn(
    process.execPath,
    ["--import", OLDER, join(makeFolder(t, drains), "cli", "bin", "sluice.mjs")],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  await once(child, "close");
  assert.deepEqual({ stdout, exitCode: child.exitCode }, { stdout: "ready\ndrained\n", exitCode: 4 });
});

function run(folder: string, flags: readonly string[]) {
  const launcher = join(folder, "cli", "bin", "sluice.mjs");
  return spawnSync(process.execPath, [...flags, launcher, "runs", "list all"], { encoding: "utf8" });
}

/** This launcher with a `main.ts` of its own, and the Node of this test as the installed one. */
function makeFolder(t: TestContext, main: string): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice launcher "));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const made of ["cli/bin", "cli/src", "node_modules/node/bin"])
    mkdirSync(join(folder, made), { recursive: true });
  cpSync(join(import.meta.dirname, "sluice.mjs"), join(folder, "cli", "bin", "sluice.mjs"));
  writeFileSync(join(folder, "cli", "src", "main.ts"), main);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "node_modules", "node", "package.json"), "{}");
  symlinkSync(process.execPath, join(folder, "node_modules", "node", "bin", "node"));
  return folder;
}
