import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { until } from "./fixtures/until.ts";

const TOOLS = import.meta.dirname;
const PRINT = "console.log(process.argv.slice(2).join(' '))";

test("installs once, and from then on only runs", async (t) => {
  const repository = makeRepository(t, { "hello.ts": PRINT });
  assert.deepEqual(await repository.run(["run", "hello.ts", "one", "two words"]), {
    exitCode: 0,
    stdout: "one two words\n",
  });
  assert.deepEqual(await repository.run(["run", "hello.ts", "again"]), { exitCode: 0, stdout: "again\n" });
  assert.deepEqual(repository.npmCalls(), ["ci"]);
  assert.equal(existsSync(join(repository.root, ".sluice")), false, "the lock and its folder are gone");
});

test("installs anew when package-lock.json changed", async (t) => {
  const repository = makeRepository(t, { "hello.ts": PRINT });
  await repository.run(["run", "hello.ts"]);
  writeFileSync(join(repository.root, "package-lock.json"), '{ "changed": true }');
  await repository.run(["run", "hello.ts"]);
  assert.deepEqual(repository.npmCalls(), ["ci", "ci"]);
});

test("installs anew when the Node of node_modules is gone", async (t) => {
  const repository = makeRepository(t, { "hello.ts": PRINT });
  await repository.run(["run", "hello.ts"]);
  rmSync(join(repository.root, "node_modules", "node"), { recursive: true });
  assert.equal((await repository.run(["run", "hello.ts"])).exitCode, 0);
  assert.deepEqual(repository.npmCalls(), ["ci", "ci"]);
});

test("runs everything under the Node and with the tools of node_modules", async (t) => {
  const repository = makeRepository(t, {
    "path.ts": "console.log(process.env.PATH); console.log(process.version)",
  });
  const { stdout } = await repository.run(["run", "path.ts"]);
  assert.ok(stdout.startsWith(join(repository.root, "node_modules", ".bin") + ":"), stdout);
  assert.match(stdout, /\nv24\./);
});

test("starts the example with the arguments it was given", async (t) => {
  const repository = makeRepository(t, { "cli/src/main.ts": PRINT });
  const { stdout } = await repository.run(["start", "--port", "8080"]);
  assert.equal(stdout, "up examples/ticket-shop/src/app.ts --port 8080\n");
});

test("lets bootstraps that start together install one time", async (t) => {
  const repository = makeRepository(t, { "hello.ts": PRINT });
  const ends = await Promise.all(
    Array.from({ length: 4 }, (_, n) => repository.run(["run", "hello.ts", String(n)])),
  );
  assert.deepEqual(
    ends.map(({ stdout }) => stdout),
    ["0\n", "1\n", "2\n", "3\n"],
  );
  assert.deepEqual(repository.npmCalls(), ["ci"]);
});

test("does not take an install that was killed for a finished one", async (t) => {
  const repository = makeRepository(t, { "hello.ts": PRINT, "npm-hold": "" });
  const killed = repository.start(["run", "hello.ts"]);
  const npmPid = await repository.npmBegun();
  killed.child.kill("SIGKILL");
  process.kill(npmPid, "SIGKILL");
  await killed.end;
  rmSync(join(repository.root, "npm-hold"));
  assert.deepEqual(await repository.run(["run", "hello.ts", "whole"]), { exitCode: 0, stdout: "whole\n" });
  assert.deepEqual(repository.npmCalls(), ["ci", "ci"]);
});

test("waits for an npm that outlived its bootstrap before it installs again", async (t) => {
  const repository = makeRepository(t, { "hello.ts": PRINT, "npm-hold": "" });
  const killed = repository.start(["run", "hello.ts"]);
  await repository.npmBegun();
  killed.child.kill("SIGKILL");
  const second = repository.start(["run", "hello.ts", "second"]);
  await until("the second bootstrap waits", () => second.stderr().includes("another install is under way"));
  rmSync(join(repository.root, "npm-hold"));
  assert.equal((await second.end).stdout, "second\n");
  assert.deepEqual(repository.npmLog(), ["begin", "end", "begin", "end"], "no two of them wrote at a time");
});

test("takes over the install lock of a dead process, and of a reused process id", async (t) => {
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  for (const holder of [
    { pid: gone, startedAt: "1" },
    { pid: process.pid, startedAt: "1" },
  ]) {
    const lock = JSON.stringify({ token: "left-behind", processes: [holder] });
    const repository = makeRepository(t, { "hello.ts": PRINT, ".sluice/install.lock": lock });
    assert.deepEqual(await repository.run(["run", "hello.ts", "on"]), { exitCode: 0, stdout: "on\n" });
    assert.equal(existsSync(join(repository.root, ".sluice")), false);
  }
});

test("runs the install script of Node where npm skipped it", async (t) => {
  const repository = makeRepository(t, { "hello.ts": PRINT, "npm-skips-scripts": "" });
  assert.deepEqual(await repository.run(["run", "hello.ts", "mended"]), { exitCode: 0, stdout: "mended\n" });
  assert.deepEqual(repository.npmCalls(), ["ci", "rebuild node"]);
});

test("refuses a Node binary that does not run, and names it", async (t) => {
  const repository = makeRepository(t, { "hello.ts": PRINT, "npm-broken-node": "" });
  const { end, stderr } = repository.start(["run", "hello.ts"]);
  assert.equal((await end).exitCode, 1);
  assert.match(stderr(), /node_modules\/node\/bin\/node does not run on this machine/);
  assert.equal(existsSync(join(repository.root, "node_modules", ".sluice-install")), false);
});

test("says how npm ended, and leaves nothing that stops the next install", async (t) => {
  const repository = makeRepository(t, { "hello.ts": PRINT, "npm-fails": "" });
  const { end, stderr } = repository.start(["run", "hello.ts"]);
  assert.equal((await end).exitCode, 1);
  assert.match(stderr(), /"npm ci" ended with exit code 3/);
  rmSync(join(repository.root, "npm-fails"));
  assert.equal((await repository.run(["run", "hello.ts"])).exitCode, 0);
});

test("does not start the command after its install was interrupted", async (t) => {
  const repository = makeRepository(t, { "hello.ts": PRINT, "npm-hold": "" });
  const interrupted = repository.start(["run", "hello.ts", "never"]);
  await repository.npmBegun();
  interrupted.child.kill("SIGTERM");
  assert.deepEqual(await interrupted.end, { exitCode: 143, stdout: "" });
  assert.match(interrupted.stderr(), /the install was interrupted/);
});

test("passes SIGTERM on once, waits for the child to drain, and ends with its exit code", async (t) => {
  const drains = `
    let signals = 0;
    const work = setInterval(() => {}, 1_000);
    process.on("SIGTERM", () => {
      signals += 1;
      setTimeout(() => { console.log("drained after", signals); process.exitCode = 7; clearInterval(work); }, 100);
    });
    console.log("ready");`;
  const repository = makeRepository(t, { "drains.ts": drains });
  const running = repository.start(["run", "drains.ts"]);
  await until("the child is ready", () => running.stdout().includes("ready"));
  // npm and the shell pass on what they get as well: signals this close are one.
  running.child.kill("SIGTERM");
  running.child.kill("SIGTERM");
  assert.deepEqual(await running.end, { exitCode: 7, stdout: "ready\ndrained after 1\n" });
});

test("answers as a shell does for a child that a signal ended", async (t) => {
  const repository = makeRepository(t, { "dies.ts": 'process.kill(process.pid, "SIGKILL")' });
  assert.equal((await repository.run(["run", "dies.ts"])).exitCode, 137);
});

test("runs every test file, or those whose path contains a given part", async (t) => {
  const tell = `import { test } from "node:test"; test("in " + import.meta.url.split("/").at(-1), () => {});`;
  const files = [
    "host/b.chaos.test.ts",
    "host/b.pg.test.ts",
    "host/b.test.ts",
    "engine/src/a.flow.test.ts",
    "node_modules/c.test.ts",
  ];
  const repository = makeRepository(t, Object.fromEntries(files.map((file) => [file, tell])));

  const all = await repository.run(["test", "--test-concurrency=1"]);
  assert.deepEqual(testsIn(all.stdout), ["a.flow.test.ts", "b.chaos.test.ts", "b.pg.test.ts", "b.test.ts"]);
  assert.match(all.stdout, /^ℹ tests 4$/m);
  assert.deepEqual(testsIn((await repository.run(["test", "engine"])).stdout), ["a.flow.test.ts"]);
  const none = repository.start(["test", "nowhere"]);
  assert.equal((await none.end).exitCode, 2);
  assert.match(none.stderr(), /found no \*\.test\.ts file in a path that contains nowhere/);
});

test("leaves to npm test what needs more than Postgres, and checks on when one part fails", async (t) => {
  const ran = (what: string) =>
    `import { appendFileSync } from "node:fs"; appendFileSync("ran.log", "${what} ");`;
  const repository = makeRepository(t, {
    "tools/check-house.ts": ran("house"),
    "host/a.test.ts": ran("a"),
    "host/b.pg.test.ts": ran("b"),
    "host/c.chaos.test.ts": ran("c"),
    "npm-tools": "prettier tsc",
    "npm-failing-tools": "oxlint",
  });
  const { end, stderr } = repository.start(["check"]);
  assert.equal((await end).exitCode, 1);
  assert.match(stderr(), /check: format ok .*, lint FAILED .*, types ok .*, house ok .*, tests ok /);
  const whatRan = () => readFileSync(join(repository.root, "ran.log"), "utf8").trim().split(" ").toSorted();
  assert.deepEqual(whatRan(), ["a", "b", "house"]);
  await repository.run(["check", "--no-tests"]);
  assert.deepEqual(whatRan(), ["a", "b", "house", "house"]);
});

test("ends with the failure of a failing test", async (t) => {
  const repository = makeRepository(t, {
    "a.test.ts": `import { test } from "node:test"; test("breaks", () => { throw new Error("so it is"); });`,
  });
  const { exitCode, stdout } = await repository.run(["test"]);
  assert.equal(exitCode, 1);
  assert.match(stdout, /^ℹ fail 1$/m);
});

test("refuses a command it does not know, with the usage", async (t) => {
  const repository = makeRepository(t, {});
  const { end, stderr } = repository.start(["begin"]);
  assert.equal((await end).exitCode, 2);
  assert.match(stderr(), /found "begin", expected a command\.\nusage: /);
});

test("refuses a Node older than it can install with, in one sentence", async (t) => {
  const repository = makeRepository(t, {});
  const older =
    'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"18.20.0"}})';
  const bootstrap = join(repository.root, "tools", "bootstrap.mjs");
  const { status, stderr } = spawnSync(process.execPath, ["--import", older, bootstrap, "test"], {
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(stderr, /^sluice: this is Node 18\.20\.0, expected Node 20 or newer.*\n$/);
});

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
}

/** A small repository with this bootstrap, a fake npm and the given files, in a folder whose name has a space. */
function makeRepository(t: TestContext, files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), "sluice bootstrap "));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const name of readdirSync(TOOLS).filter((entry) => entry.endsWith(".mjs")))
    cpSync(join(TOOLS, name), join(root, "tools", name));
  cpSync(join(TOOLS, "bootstrap"), join(root, "tools", "bootstrap"), { recursive: true });
  cpSync(join(TOOLS, "fixtures", "fake-npm.mjs"), join(root, "npm", "npm-cli.js"));
  const all = { "package.json": '{ "type": "module" }', "package-lock.json": "{}", ...files };
  for (const [file, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }

  function start(args: readonly string[]) {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      npm_execpath: join(root, "npm", "npm-cli.js"),
      npm_node_execpath: process.execPath,
    };
    // With it, a test runner inside of a test runner runs nothing.
    delete env["NODE_TEST_CONTEXT"];
    const child = spawn(process.execPath, [join(root, "tools", "bootstrap.mjs"), ...args], {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const end = once(child, "exit").then(async ([exitCode]: (number | null)[]): Promise<Ended> => {
      // A fake npm that outlives a killed bootstrap keeps its standard error open, so only the output is waited for.
      if (!child.stdout.readableEnded) await once(child.stdout, "end");
      return { exitCode: exitCode ?? null, stdout };
    });
    return { child, end, stdout: () => stdout, stderr: () => stderr };
  }

  const npmLines = () =>
    existsSync(join(root, "npm.log")) ? readFileSync(join(root, "npm.log"), "utf8").trim().split("\n") : [];
  return {
    root,
    start,
    run: (args: readonly string[]) => start(args).end,
    npmCalls: () => npmLines().flatMap((line) => /^npm (.*) begin/.exec(line)?.[1] ?? []),
    npmLog: () => npmLines().map((line) => line.split(" ").at(-2)),
    npmBegun: async () =>
      await until("npm has begun", () => Number(npmLines()[0]?.split(" ").at(-1)) || undefined),
  };
}

function testsIn(report: string): readonly string[] {
  return [...report.matchAll(/^✔ in (\S+)/gm)].map(([, file]) => file ?? "");
}
