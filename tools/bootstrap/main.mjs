/** The commands of tools/bootstrap.mjs: each installs what is missing, then runs under the Node 24 of node_modules. */
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { binFolder, childEnv, exitCodeOf, runChild } from "./child.mjs";
import { ensureInstall } from "./install.mjs";
import { Refusal } from "./refusal.mjs";
import { listTestFiles } from "./test-files.mjs";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");

const USAGE = `usage: node tools/bootstrap.mjs COMMAND
  start [ARGS]           start the database, the engine and the example (npm start)
  test [PART …] [--FLAG=VALUE …]   run all tests, or the files whose path contains a PART (npm test); flags go to Node's test runner
  check [--no-tests]     format, lint, types, house rules and the tests up to *.pg.test.ts (npm run check)
  run FILE [ARGS]        run one file of this repository`;

/** A test that hangs fails after this long instead of holding up everything; the longest, a slice of chaos, takes about a minute. */
const TEST_MS_MAX = 5 * 60_000;

const COMMANDS = { start, test, check, run };

/** @param {readonly string[]} args the command and what belongs to it; the exit code of this process becomes that of the command. */
export async function main([name, ...args]) {
  try {
    if (name === undefined || !Object.hasOwn(COMMANDS, name))
      throw usage(`found "${name ?? ""}", expected a command`);
    process.exitCode = await COMMANDS[name](args);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(error.message);
    process.exitCode = error.exitCode;
  }
}

async function start(args) {
  return (await node(["cli/src/main.ts", "up", "examples/ticket-shop/src/app.ts", ...args])).exitCode;
}

async function run([file, ...args]) {
  if (file === undefined) throw usage("found no FILE to run");
  return (await node([resolve(ROOT, file), ...args], { cwd: process.cwd() })).exitCode;
}

async function test(args) {
  return (await runTests(args)).exitCode;
}

/** Every part runs even when an earlier one failed, so one call shows all there is to mend. */
async function check(args) {
  const strange = args.find((arg) => arg !== "--no-tests");
  if (strange !== undefined) throw usage(`check: found "${strange}", expected nothing or --no-tests`);
  /** @type {readonly (readonly [string, () => ReturnType<typeof runChild>])[]} */
  const parts = [
    ["format", () => tool("prettier", ["--check", "--log-level=warn", "."])],
    ["lint", () => tool("oxlint", ["--type-aware"])],
    ["types", () => tool("tsc", ["-p", "."])],
    ["house", () => node(["tools/check-house.ts"])],
    ["tests", () => runTests([], { upToPostgres: true })],
  ].filter(([name]) => name !== "tests" || !args.includes("--no-tests"));

  await ensureInstall(ROOT, process.env, say);
  const summary = [];
  let failed = 0;
  for (const [name, part] of parts) {
    const startMs = performance.now();
    const { exitCode, signal } = await part();
    if (signal !== undefined) return exitCodeOf(signal);
    if (exitCode !== 0) failed += 1;
    summary.push(
      `${name} ${exitCode === 0 ? "ok" : "FAILED"} (${((performance.now() - startMs) / 1_000).toFixed(1)} s)`,
    );
  }
  say(`check: ${summary.join(", ")}`);
  return failed === 0 ? 0 : 1;
}

async function runTests(args, options = {}) {
  const flags = args.filter((arg) => arg.startsWith("-"));
  const filters = args.filter((arg) => !arg.startsWith("-"));
  const files = listTestFiles(ROOT, { ...options, filters });
  if (files.length === 0) {
    const found = filters.length === 0 ? "the repository" : `a path that contains ${filters.join(" or ")}`;
    throw usage(`test: found no *.test.ts file in ${found}`);
  }
  const concurrency = Math.max(2, availableParallelism() - 1);
  return await node([
    "--import=./tools/leak-guard.mjs",
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${TEST_MS_MAX}`,
    ...flags,
    ...files,
  ]);
}

async function node(args, options) {
  return await runChild(await ensureInstall(ROOT, process.env, say), args, inRoot(options));
}

async function tool(name, args) {
  await ensureInstall(ROOT, process.env, say);
  return await runChild(resolve(binFolder(ROOT), name), args, inRoot());
}

function inRoot(options) {
  return { cwd: ROOT, env: childEnv(ROOT, process.env), ...options };
}

function usage(found) {
  return new Refusal(`${found}.\n${USAGE}`, 2);
}

function say(line) {
  process.stderr.write(`sluice: ${line}\n`);
}
